package app

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"fairseat/app/money"
	"fairseat/app/request"
	"fairseat/modules/checkout"
	"fairseat/modules/checkout/promotion"
	"fairseat/modules/seating"
)

// promotionPages are the codes of one sale: what they do, how often they were used, and the form for more.
func (a *App) promotionPages(event guarded) {
	event.GET("/promotions", func(c echo.Context) error { return a.showPromotions(c, http.StatusOK, newPromotionForm()) })
	event.POST("/promotions", a.promotionForm)
	event.POST("/promotions/:id/end", a.endPromotionForm)
}

// promotionForm is what stands in the form, as it was typed.
type promotionForm struct {
	Code, Codes, Name, Kind, Value     string
	MaxUses, MaxPerBuyer, Starts, Ends string
	Chosen, Opens                      map[string]bool // categories
	Errors                             map[string]string
	terms                              promotion.Terms
	codes                              int
	maxUses, maxPerBuyer               *int
	starts, ends                       *time.Time
}

func newPromotionForm() *promotionForm {
	return &promotionForm{Codes: "1", Kind: "percent", Chosen: map[string]bool{}, Opens: map[string]bool{}, Errors: map[string]string{}}
}

// Err is what is wrong with a field, for the templates.
func (f *promotionForm) Err(name string) fieldError { return fieldError{name, f.Errors[name]} }

// read takes what was typed. What can only be judged with the event's rules is left to the checkout.
func (f *promotionForm) read(h *handFill, form url.Values) {
	for name, to := range map[string]*string{"code": &f.Code, "codes": &f.Codes, "name": &f.Name, "kind": &f.Kind, "value": &f.Value,
		"max_uses": &f.MaxUses, "max_per_buyer": &f.MaxPerBuyer, "starts_at": &f.Starts, "ends_at": &f.Ends} {
		*to = strings.TrimSpace(form.Get(name))
	}
	for _, id := range form["category"] {
		f.Chosen[id] = true
	}
	for _, id := range form["opens"] {
		f.Opens[id] = true
	}
	whole := func(name, text string) *int {
		if text == "" {
			return nil
		}
		n, err := strconv.Atoi(text)
		if err != nil {
			f.Errors[name] = "Is no whole number."
		}
		return &n
	}
	moment := func(name, text string) *time.Time {
		wrong := map[string]string{}
		at := h.until(text, wrong)
		if why := wrong["until"]; why != "" {
			f.Errors[name] = why
		}
		if at.IsZero() {
			return nil
		}
		return &at
	}
	if n := whole("codes", f.Codes); n != nil && f.Code == "" {
		f.codes = *n
	}
	f.maxUses, f.maxPerBuyer = whole("max_uses", f.MaxUses), whole("max_per_buyer", f.MaxPerBuyer)
	f.starts, f.ends = moment("starts_at", f.Starts), moment("ends_at", f.Ends)
	f.readTerms(h.e)
}

func (f *promotionForm) readTerms(e *seating.Event) {
	var chosen, opens []string
	for _, c := range e.Categories {
		if f.Chosen[c.ID] {
			chosen = append(chosen, c.ID)
		}
		if f.Opens[c.ID] {
			opens = append(opens, c.ID)
		}
	}
	defer func() { f.terms.Unlocks = opens }()
	sum, isSum := money.Parse(f.Value, e.Currency)
	switch percent, err := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(f.Value, "%"))); {
	case f.Kind == "nothing" && len(opens) == 0:
		f.Errors["opens"] = "A code that takes nothing off opens at least one kind of seats."
	case f.Kind == "nothing":
		f.terms = promotion.Terms{}
	case f.Kind == "percent" && (err != nil || percent < 1 || percent > 100):
		f.Errors["value"] = "Must be a whole number from 1 to 100."
	case f.Kind == "percent":
		f.terms = promotion.Terms{Percent: percent, Categories: chosen}
	case !isSum || (f.Kind == "amount" && sum == 0):
		f.Errors["value"] = "Must be a sum such as " + money.Plain(1250, e.Currency) + "."
	case f.Kind == "amount":
		f.terms = promotion.Terms{Amount: sum, Categories: chosen}
	default:
		f.terms.Prices = map[string]int64{}
		for _, c := range e.Categories {
			if c.Price != nil && (len(chosen) == 0 || f.Chosen[c.ID]) {
				f.terms.Prices[c.ID] = sum
			}
		}
	}
}

// promotionRow is a promotion for people.
type promotionRow struct {
	checkout.Promotion
	Title, Does, For, When, Said, SavedSaid string
	Opens                                   string // categories
	Of                                      string // "of 100", with a limit
	Live                                    bool   // there is something to switch off
}

var promotionStates = map[string]string{"on": "Good now", "not-yet": "Not yet", "over": "Over", "off": "Switched off"}

func (a *App) showPromotions(c echo.Context, status int, f *promotionForm) error {
	ctx := c.Request().Context()
	e, err := a.seating.EventByID(ctx, request.EventOf(c).ID)
	if err != nil {
		return err
	}
	all, err := a.checkout.Promotions(ctx, e.ID)
	if err != nil {
		return err
	}
	rows := make([]promotionRow, len(all))
	for i, p := range all {
		rows[i] = promotionRowOf(e, p)
	}
	onSale := slices.DeleteFunc(slices.Clone(e.Categories), func(one seating.Category) bool { return one.Price == nil })
	return a.staffPage(c, status, "promotions", "events", map[string]any{"Event": e, "Form": f, "Rows": rows, "Categories": onSale})
}

func promotionRowOf(e *seating.Event, p checkout.Promotion) promotionRow {
	row := promotionRow{Promotion: p, Title: p.Code, Said: promotionStates[p.State], Live: p.State != "off", SavedSaid: money.Format(p.Saved, e.Currency)}
	if p.Codes != 1 {
		row.Title = fmt.Sprintf("%d codes", p.Codes)
	}
	names := categoryNames(e)
	var parts []string
	switch t := p.Terms; {
	case t.Percent > 0:
		row.Does = fmt.Sprintf("%d %% off", t.Percent)
	case t.Amount > 0:
		row.Does = money.Format(t.Amount, e.Currency) + " off each seat"
	case t.Prices == nil:
		row.Does = "full price"
	default:
		row.Does = "fixed price"
		for _, one := range e.Categories {
			if price, named := t.Prices[one.ID]; named {
				parts = append(parts, one.Name+" "+money.Format(price, e.Currency))
			}
		}
	}
	for _, id := range p.Terms.Categories {
		parts = append(parts, names[id])
	}
	row.For = strings.Join(parts, ", ")
	var opens []string
	for _, id := range p.Terms.Unlocks {
		opens = append(opens, names[id])
	}
	row.Opens = strings.Join(opens, ", ")
	if p.MaxUses != nil {
		row.Of = fmt.Sprintf("of %d", *p.MaxUses*p.Codes)
	}
	at := func(t *time.Time) string { return t.In(zoneOf(e)).Format("2 Jan 2006, 15:04") }
	if p.StartsAt != nil {
		row.When = "from " + at(p.StartsAt)
	}
	if p.EndsAt != nil {
		row.When = strings.TrimSpace(row.When + " until " + at(p.EndsAt))
	}
	return row
}

// promotionForm answers POST …/promotions: the promotion is made, or the form comes back as it was.
func (a *App) promotionForm(c echo.Context) error {
	ctx := c.Request().Context()
	e, err := a.seating.EventByID(ctx, request.EventOf(c).ID)
	if err != nil {
		return err
	}
	typed, err := c.FormParams()
	if err != nil {
		return request.BodyError(err)
	}
	f := newPromotionForm()
	f.read(&handFill{App: a, c: c, e: e, errors: map[string]string{}}, typed)
	if len(f.Errors) == 0 {
		who, _ := request.StaffOf(c)
		_, err := a.checkout.MakePromotion(ctx, who, c.RealIP(), e.ID, checkout.Draft{Name: f.Name, Code: f.Code, Codes: f.codes, Terms: f.terms,
			MaxUses: f.maxUses, MaxPerBuyer: f.maxPerBuyer, StartsAt: f.starts, EndsAt: f.ends})
		if err == nil {
			return done(c, promotionsPath(c), "promoted")
		}
		if errors.Is(err, checkout.ErrPromoExists) {
			f.Errors["code"] = checkout.ErrPromoExists.Detail
		} else if !refuseFields(err, f.Errors) {
			return err
		}
	}
	return a.showPromotions(c, http.StatusUnprocessableEntity, f)
}

func promotionsPath(c echo.Context) string {
	return "/admin/events/" + request.EventOf(c).Slug + "/promotions"
}

// endPromotionForm answers POST …/promotions/:id/end: asked once, then switched off.
func (a *App) endPromotionForm(c echo.Context) error {
	ctx, event := c.Request().Context(), request.EventOf(c)
	id, err := uuid.Parse(c.Param("id"))
	if err != nil {
		return checkout.ErrNotFound
	}
	ok, err := a.confirmed(c, "events", func() (sure, error) {
		return sure{Title: "Switch the code off?", Button: "Switch off", Danger: true, Action: c.Request().URL.Path, Back: promotionsPath(c), Lines: []string{
			"Nobody can order with it from now on. It cannot be switched on again; another with the same word can be made.",
			"Orders made with it keep their price, those that are being paid too."}}, nil
	})
	if !ok || err != nil {
		return err
	}
	who, _ := request.StaffOf(c)
	if err := a.checkout.EndPromotion(ctx, who, c.RealIP(), event.ID, id); err != nil {
		return err
	}
	return done(c, promotionsPath(c), "promo-ended")
}
