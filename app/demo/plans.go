package demo

import (
	_ "embed"
	"time"
)

//go:embed plans/hall.pretix.json
var hallPlan []byte

//go:embed plans/stadium.pretix.json
var stadiumPlan []byte

// show is one of the demo's two events, and how its crowd behaves.
type show struct {
	Slug, Name, Description, Venue, Timezone, Accent string

	plan        []byte
	prices      map[string]int // minor units by category
	areas       map[string]any // places without a seat, as the API takes them
	maxPerBuyer int
	cap         int // how many may be inside
	alive       int // how many bots there are at a time; what does not fit inside is the line
	presold     float64
}

const currency = "EUR"

// onSale opens a minute after each start. Its crowd is larger than its room by some sixteen, and a bot stays a minute
// and a half: who joins waits some tens of seconds.
func onSale() show {
	return show{
		Slug: "midnight-ball", Name: "Midnight Ball", Timezone: "Europe/Riga", Accent: "#7c3aed",
		Venue: "The Ballroom on the Quay, Riga", plan: hallPlan, maxPerBuyer: 4, cap: 40, alive: 56,
		Description: "Two orchestras, one floor, and the last tram waits for us.",
		prices:      map[string]int{"Super VIP": 14_000, "VIP": 9_500, "Front": 6_800, "Middle": 5_200, "Rear": 3_600, "Side gallery": 2_900, "Standing": 1_900},
		areas:       map[string]any{"standing": map[string]any{"capacity": 150, "category": "Standing"}},
	}
}

// longOpen has room for more than come, and was bought from before anybody looks.
func longOpen() show {
	return show{
		Slug: "solstice", Name: "Solstice: Nadia Ferrante in the round", Timezone: "Europe/Madrid", Accent: "#c2410c",
		Venue: "Estadio del Río, Sevilla", plan: stadiumPlan, maxPerBuyer: 6, cap: 60, alive: 14, presold: .3,
		Description: "One voice, a stage with people on all sides, and the longest evening of the year.",
		prices:      map[string]int{"Category I": 8_500, "Category II": 6_500, "Category IV": 4_500, "Category V": 12_000},
	}
}

// request is the body that publishes the show.
func (s show) request(slug, plan string, opens, starts time.Time) map[string]any {
	return map[string]any{
		"slug": slug, "name": s.Name, "description": s.Description, "venue": s.Venue, "timezone": s.Timezone,
		"contact": "boxoffice@example.org", "currency": currency, "plan": plan, "prices": s.prices, "areas": s.areas, "accent": s.Accent,
		"opens_at": opens, "starts_at": starts, "max_per_buyer": s.maxPerBuyer,
		"hold_seconds": holdSeconds, "pay_seconds": paySeconds,
		"queue": map[string]any{"cap": s.cap},
	}
}

// Short enough that a visitor sees a forgotten seat come back.
const (
	holdSeconds = 300
	paySeconds  = 300
)
