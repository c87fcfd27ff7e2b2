package app_test

import (
	"fmt"
	"testing"
	"time"
)

// seatPictures looks at the page in its states, as the gallery does.
func seatPictures(t *testing.T, s *stage) {
	fresh, held, long, rtl := s.enters("gala", "Fay"), s.holds("gala", "Hal", 4), s.holds("long", longBuyer, 2), s.holds("rtl", rtlBuyer, 2)
	full, six, offered, fresh4, waits := s.holds("one", "Max", 1), s.holds("six", "Sixten", 6), s.enters("tight", "Offa"), s.enters("tight", "Orla"), s.enters("tight", "Wish")
	const taken = 71 // F-12
	s.enters("tight", "Taker").must(t, 201, "POST", "/api/v1/events/tight/holds", object{"seats": []int{taken}}, nil)
	open := func(f *fan, then func(b *browser)) func(b *browser) {
		return func(b *browser) {
			s.seats(b, f)
			if then != nil {
				then(b)
			}
		}
	}
	mixed, floor := mixedPlan(t, s.staff)
	createEvent(t, s.staff, "packed", mixed, object{"Stalls": 4500, "Balcony": 2500, "Standing": 1900}, -time.Second,
		object{"max_per_buyer": 4, "queue": nil, "areas": object{floor: object{"capacity": 2, "category": "Standing"}}})
	packed := s.enters("packed", "Full House")
	packed.must(t, 201, "POST", packed.path("/holds"), object{"area": floor, "quantity": 2}, nil)
	list := func(b *browser) { b.toList() }
	for _, sc := range []scene{
		{"seats choosing", open(fresh, nil), "How many seats?"},
		{"seats held", open(held, nil), "kept for you"},
		{"seats list", open(held, list), "Ground floor"},
		{"seats details", open(held, func(b *browser) {
			b.set(b.js(`while (document.getElementById("sheet").dataset.height !== "2") document.getElementById("grip").click()`, nil))
		}), "What the shapes mean"},
		{"seats long names", open(long, nil), longName},
		{"seats right to left", open(rtl, list), rtlName},
		{"seats over the limit", open(full, func(b *browser) {
			b.excuse("422")
			b.toList()
			b.set(b.js(`document.querySelector(".list-seat[data-kind=free]").click()`, nil))
			b.sees("One seat each")
		}), "Swap them"},
		{"seats asking", open(s.enters("tight", "Asa"), func(b *browser) {
			b.brings(40)
			b.set(b.js(`(() => { const real = window.fetch; window.fetch = (what, how) => (how?.method === "POST" ? new Promise(() => {}) : real(what, how)); })()`, nil))
			b.taps("mouse")
		}), "before they stop being dotted"},
		{"seats six", open(six, nil), "6 seats"},
		{"seats offered", open(offered, func(b *browser) {
			b.excuse("409")
			b.brings(52)
			b.isSlower(func() { b.taps("mouse") }, func() {
				s.holds("tight", "Quicker", 1).must(t, 201, "POST", offered.path("/holds"), object{"seats": []int{52, 53}}, nil)
			})
		}), "for you instead: same row, same price. Keep them, or choose others."},
		{"seats orphan", open(fresh4, func(b *browser) {
			b.brings(40)
			b.refuse(422, `{"code":"leaves-orphan","seats":[39],"suggest":[39,40]}`)
			b.taps("mouse")
		}), "Row D, seat 4 would be left alone. Take row D, 4–5 instead: same price, no gap."},
		{"seats others", open(s.enters("tight", "Olga"), func(b *browser) {
			b.set(b.js(`(() => { const real = window.fetch; window.fetch = async (what, how) => {
				const answer = await real(what, how);
				if (how?.method !== "POST") return answer;
				return new Response(JSON.stringify({ ...await answer.json(), others: [{ seats: [{ n: 66 }, { n: 67 }], total: 9000 }, { seats: [{ n: 60 }, { n: 61 }], total: 9000 }] }), { status: 201 });
			}; })()`, nil))
			b.click("button", "2 best available seats")
		}), "Row F, 7–8"},
		{"seats none left", open(s.enters("tight", "Nil"), func(b *browser) {
			b.refuse(409, `{"code":"none-left"}`)
			b.click("button", "2 best available seats")
		}), "There are not 2 free seats left just now."},
		{"seats sold out", open(s.enters("tight", "Soe"), func(b *browser) {
			b.refuse(409, `{"code":"sold-out"}`)
			b.click("button", "2 best available seats")
		}), "Every seat is taken just now."},
		{"seats offline", open(s.enters("tight", "Off"), func(b *browser) {
			b.excuse("ERR_INTERNET_DISCONNECTED", "WebSocket", "Failed to load")
			b.online(false)
		}), "No connection."},
		{"seats waited for", open(waits, func(b *browser) {
			b.toList()
			b.pressSeat(taken)
			b.click("button", "Tell me if it comes back")
			b.click("button", "Map")
			b.set(b.js(`document.getElementById("grip").click()`, nil))
		}), "Waiting for these"},
		{"seats floor", open(s.enters("mixed", "Flo"), func(b *browser) {
			b.toList()
			b.click("button", "How many places in Floor?")
		}), "Take 2 places"},
		{"seats floor full", open(s.enters("packed", "Pia"), func(b *browser) {
			b.toList()
			b.click("button", "Tell me if a place comes free: Floor")
			b.set(b.js(`document.getElementById("grip").click()`, nil))
		}), "A place in Floor"},
		{"seats mixed", open(s.enters("mixed", "Mix"), nil), "Wheelchair place"},
		{"seats tables", open(s.enters("mixed", "Tab"), list), "Table 4"},
	} {
		t.Run(sc.name, func(t *testing.T) { hang(t, s.base, sc) })
	}
}

// mixedPlan is a small house with all that a plan can have: a floor to stand on, a balcony, tables, wheelchair places and who
// sits beside them, seats behind a pillar.
func mixedPlan(t testing.TB, staff *client) (plan, floor string) {
	t.Helper()
	row := func(label string, x, y, seats int, more object) object {
		var all []object
		for i := range seats {
			seat := object{"seat_guid": fmt.Sprintf("%s-%d-%d", label, y, i), "seat_number": fmt.Sprint(i + 1), "position": object{"x": i * 25, "y": 0}, "category": "Stalls"}
			if y > 400 {
				seat["category"] = "Balcony"
			}
			if label == "A" && i == 0 && y < 400 {
				seat["accessible"] = true
			}
			if label == "A" && i == 1 && y < 400 {
				seat["companion_of"] = "A-0-0"
			}
			if label == "B" && i > 9 {
				seat["note"] = "behind a pillar"
			}
			all = append(all, seat)
		}
		made := object{"row_number": label, "position": object{"x": x, "y": y}, "seats": all}
		for k, v := range more {
			made[k] = v
		}
		return made
	}
	table := object{"table": true}
	var made struct {
		ID    string
		Areas []struct{ ID string }
	}
	staff.must(t, 201, "POST", "/api/v1/admin/plans", object{
		"name": "Mixed", "size": object{"width": 700, "height": 700},
		"categories": []object{{"name": "Stalls", "color": "#3355aa"}, {"name": "Balcony", "color": "#aa3355"}, {"name": "Standing", "color": "#33aa55"}},
		"zones": []object{
			{"name": "Ground", "position": object{"x": 50, "y": 150}, "rows": []object{row("A", 0, 0, 12, nil), row("B", 0, 25, 12, nil), row("C", 0, 50, 12, nil),
				row("4", 350, 0, 3, table), row("5", 350, 60, 3, table)},
				"areas": []object{{"uuid": "floor", "shape": "rectangle", "position": object{"x": 0, "y": -120}, "rectangle": object{"width": 400, "height": 90},
					"color": "#dddddd", "text": object{"text": "Floor", "size": 16, "color": "#333333", "position": object{"x": 200, "y": 45}}}}},
			{"name": "Balcony", "position": object{"x": 50, "y": 0}, "rows": []object{row("A", 0, 450, 16, nil), row("B", 0, 475, 9, nil)}, "areas": []object{}},
		},
	}, &made)
	if len(made.Areas) != 1 {
		t.Fatalf("the plan has the areas %+v", made.Areas)
	}
	return made.ID, made.Areas[0].ID
}
