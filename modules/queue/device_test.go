package queue

import (
	"strings"
	"testing"
	"time"
)

func TestTheLastDeviceThatActsMayEnter(t *testing.T) {
	t.Parallel()
	k, places := openRoom(t, 2)
	ada, laptop, phone := bearer(places[0]), []string{"Fairseat-Device", "laptop"}, []string{"Fairseat-Device", "phone"}
	on := func(device []string) []string { return append(append([]string{}, ada...), device...) }
	enter := func(header []string) answer { return k.do("POST", k.queuePath("/admission"), "{}", header...) }

	enter(on(laptop)).want(201) // a place that never moved has no device
	k.do("DELETE", k.queuePath("/admission"), "", ada...).want(204)

	k.do("POST", k.queuePath(""), "{}", on(phone)...).want(200)
	enter(on(laptop)).fails(409, "other-device")
	enter(on(phone)).want(201)
	enter(ada).want(200) // a program acts for somebody
	k.do("GET", k.queuePath("/me"), "", on(laptop)...).want(200)

	k.do("POST", k.queuePath(""), "{}", on(laptop)...).want(200)
	enter(on(phone)).fails(409, "other-device")
	enter(on(laptop)).want(200)

	// Nobody else's place has moved, and a new one does not belong to a device.
	k.do("POST", k.queuePath("/admission"), "{}", append(bearer(places[1]), phone...)...).want(201)
	if joined := k.do("POST", k.queuePath(""), "{}", phone...).want(201); joined["place"] == "" {
		t.Error("no place")
	}
	known, err := k.Redis.Do(t.Context(), k.Redis.B().Hlen().Key(k.queue.redis.key(k.id, "devices")).Build()).AsInt64()
	if err != nil || known != 1 {
		t.Errorf("devices of %d places, %v", known, err)
	}
	k.lose() // without the hash both may act again; they are one place still
	enter(on(phone)).want(201)
	k.checkLine()
}

func TestDevicesAreForgottenWithTheEvent(t *testing.T) {
	t.Parallel()
	k := newKit(t, func(l *line) { l.closesIn = 5 * time.Hour })
	p := k.join()
	long := append(bearer(p), "Fairseat-Device", strings.Repeat("x", 65))
	k.do("POST", k.queuePath(""), "{}", long...).fails(422, "bad-field")
	k.do("POST", k.queuePath("/admission"), "{}", long...).fails(422, "bad-field")
	k.do("POST", k.queuePath(""), "{}", append(bearer(p), "Fairseat-Device", "phone")...).want(200)
	left, err := k.Redis.Do(t.Context(), k.Redis.B().Ttl().Key(k.queue.redis.key(k.id, "devices")).Build()).AsInt64()
	if err != nil || left < 6*3600 || left > 7*3600 { // opens in 1 h, closes 5 h later, and an hour more
		t.Errorf("forgotten in %d s, %v", left, err)
	}
}
