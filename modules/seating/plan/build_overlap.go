package plan

import (
	"fmt"
	"math"
	"slices"
)

const (
	// upon is how near, in pitches, a seat is drawn to one of another zone when it is in its way. Zones side by side keep a
	// whole pitch; of one drawn over another, however shifted, most seats come nearer than this.
	upon = 0.71
	// mostUpon is how many zones are looked at in one spot.
	mostUpon = 4
)

// overlaps reports zones that lie over one another: at least a quarter of the lesser one's seats are in the way of the
// other's. They stay where they are, for floors are drawn so.
func (b *builder) overlaps() {
	if len(b.plan.Zones) < 2 {
		return
	}
	type stand struct {
		zone int
		at   Point
	}
	type tile [2]int
	near := upon * medianGap(b.plan.Zones)
	on := func(s *Seat) tile { return tile{int(math.Floor(s.X / near)), int(math.Floor(s.Y / near))} }
	stands := map[tile][]stand{}
	for n, seat := range b.seats {
		there, zone := stands[on(seat)], b.where[n].zone
		if len(there) < mostUpon && (len(there) == 0 || there[len(there)-1].zone != zone) { // seats come zone by zone
			stands[on(seat)] = append(there, stand{zone, Point{seat.X, seat.Y}})
		}
	}
	inWay := map[[2]int]int{} // seats of one zone that are in the way of the other
	for n, seat := range b.seats {
		zone, at := b.where[n].zone, on(seat)
		var others []int
		for i := range 9 {
			for _, other := range stands[tile{at[0] + i/3 - 1, at[1] + i%3 - 1}] {
				if other.zone == zone || math.Hypot(other.at.X-seat.X, other.at.Y-seat.Y) > near {
					continue
				}
				others = append(others, other.zone)
			}
		}
		for i, other := range others {
			if !slices.Contains(others[:i], other) {
				inWay[[2]int{zone, other}]++
			}
		}
	}
	if len(inWay) == 0 {
		return
	}
	size := make([]int, len(b.plan.Zones))
	for z := range b.plan.Zones {
		from, to := b.plan.Zones[z].Numbers()
		size[z] = to - from
	}
	for z := range b.plan.Zones {
		for other := range z {
			lesser, greater := z, other
			if size[other] < size[z] {
				lesser, greater = other, z
			}
			if count := inWay[[2]int{lesser, greater}]; count > 0 && 4*count >= size[lesser] {
				b.rep.add("zones-overlap", b.called(lesser), "%d of its %s lie over those of %s; kept as drawn", count, seats(size[lesser]), b.called(greater))
			}
		}
	}
}

// called names a zone of the plan that may have no name.
func (b *builder) called(zone int) string {
	if name := b.plan.Zones[zone].Name; name != "" {
		return name
	}
	return fmt.Sprintf("zone %d", zone+1)
}
