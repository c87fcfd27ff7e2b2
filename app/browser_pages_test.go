package app_test

import "testing"

// The pages as people meet them, in a real browser on the running product. One process serves every story; the stories
// use events of their own, so they do not meet.
func TestPages(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	for _, part := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"Public", s.public}, {"Budget", s.budget},
		{"TwoBrowsers", s.twoBrowsers}, {"OnAPhone", s.onAPhone}, {"ByKeyboard", s.byKeyboard}, {"WithoutScript", s.withoutScript},
		{"LostConnection", s.lostConnection}, {"HalfAPage", s.halfAPage}, {"AnotherDevice", s.anotherDevice},
		{"HiddenPage", s.hiddenPage}, {"CallMe", s.callMe}, {"HandOver", s.handOver}, {"SteadyRange", s.steadyRange}, {"MovedHere", s.movedHere}, {"News", s.news}, {"SellsOut", s.sellsOut},
	} {
		t.Run(part.name, part.run)
	}
}
