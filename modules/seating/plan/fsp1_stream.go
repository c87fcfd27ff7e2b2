package plan

import "encoding/binary"

// deltas writes one coordinate of row after row.
type deltas struct {
	out               []byte
	start, last, step int64
}

func (d *deltas) add(newRow bool, v int64) {
	if newRow {
		d.out = binary.AppendVarint(d.out, v-d.start)
		d.start, d.step = v, 0
	} else {
		d.out = binary.AppendVarint(d.out, v-d.last-d.step)
		d.step = v - d.last
	}
	d.last = v
}

func appendText(out []byte, s string) []byte {
	return append(binary.AppendUvarint(out, uint64(len(s))), s...)
}

// undelta is the other way of deltas; sums of hostile numbers may wrap, which check then finds out of range.
type undelta struct{ start, last, step int64 }

func (u *undelta) next(newRow bool, v int64) int64 {
	if newRow {
		u.last, u.step = u.start+v, 0
		u.start = u.last
	} else {
		u.step += v
		u.last += u.step
	}
	return u.last
}

// fsp1Stream reads one stretch of the file; after the first error of its decoder it gives zeros.
type fsp1Stream struct {
	d    *fsp1Decoder
	data []byte
}

// count reads a varint that may be at most limit.
func (s *fsp1Stream) count(limit int) int {
	v, n := binary.Uvarint(s.data)
	if n <= 0 || limit < 0 || v > uint64(limit) {
		s.d.fail("a number is missing or too large")
		return 0
	}
	s.data = s.data[n:]
	return int(v)
}

func (s *fsp1Stream) signed() int64 {
	v, n := binary.Varint(s.data)
	if n <= 0 {
		s.d.fail("a number is missing")
		return 0
	}
	s.data = s.data[n:]
	return v
}

func (s *fsp1Stream) take(n int) []byte {
	if n > len(s.data) {
		s.d.fail("it ends early")
		return nil
	}
	out := s.data[:n]
	s.data = s.data[n:]
	return out
}

func (s *fsp1Stream) text() []byte { return s.take(s.count(len(s.data))) }
