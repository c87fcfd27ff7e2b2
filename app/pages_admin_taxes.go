package app

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"fairseat/app/money"
	"fairseat/app/request"
	"fairseat/modules/checkout"
)

// taxPages are what tax is inside an event's prices.
func (a *App) taxPages(event guarded) {
	event.GET("/taxes", func(c echo.Context) error { return a.showTaxes(c, http.StatusOK, nil, nil) })
	event.POST("/taxes", a.taxForm)
}

// taxField is a rate as it is typed: of a category, or of all that have none of their own.
type taxField struct {
	ID, Category, Label string // ID is that of its fields
	Rate, Name          string
	Error               fieldError
}

func (a *App) showTaxes(c echo.Context, status int, typed func(string) string, wrong map[string]string) error {
	ctx := c.Request().Context()
	e, err := a.seating.EventByID(ctx, request.EventOf(c).ID)
	if err != nil {
		return err
	}
	fields := []taxField{{ID: "all", Label: "Everything"}}
	for _, one := range e.Categories {
		if one.Price != nil {
			fields = append(fields, taxField{ID: one.ID, Category: one.ID, Label: one.Name})
		}
	}
	taxes, err := a.checkout.Taxes(ctx, e.ID)
	if err != nil {
		return err
	}
	for i := range fields {
		f := &fields[i]
		for _, t := range taxes {
			if t.Category == f.Category {
				f.Rate, f.Name = percent(t.Rate), t.Name
			}
		}
		if typed != nil {
			f.Rate, f.Name = typed("rate_"+f.ID), typed("name_"+f.ID)
		}
		f.Error = fieldError{"rate_" + f.ID, wrong[f.ID]}
	}
	otherwise := checkout.TaxName(a.checkout.Tax.Points)
	if a.checkout.Tax.Name != "" {
		otherwise = a.checkout.Tax.Name
	}
	return a.staffPage(c, status, "taxes", "events", map[string]any{"Event": e, "Fields": fields, "Otherwise": otherwise,
		"Seller": a.checkout.Seller.Name, "Wrong": len(wrong) > 0})
}

// percent is a rate as people type it: 1900 basis points are "19.00", said as "19".
func percent(points int) string {
	return strings.TrimSuffix(money.Plain(int64(points), "EUR"), ".00") // hundredths, as of a euro
}

// taxForm answers POST …/taxes: all rates as they stand in the form; an empty one says nothing.
func (a *App) taxForm(c echo.Context) error {
	form, err := c.FormParams()
	if err != nil {
		return request.BodyError(err)
	}
	e, err := a.seating.EventByID(c.Request().Context(), request.EventOf(c).ID)
	if err != nil {
		return err
	}
	wrong, taxes := map[string]string{}, []checkout.EventTax{}
	read := func(id, category string) {
		text := strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(form.Get("rate_"+id)), "%"))
		if text == "" {
			return
		}
		points, ok := money.Parse(text, "EUR")
		if !ok || points > 10_000 {
			wrong[id] = "Must be a percentage such as 19 or 5.5."
			return
		}
		name := strings.TrimSpace(form.Get("name_" + id))
		if why := shortText(name, 60); why != "" {
			wrong[id] = why
		}
		taxes = append(taxes, checkout.EventTax{Category: category, Rate: int(points), Name: name})
	}
	read("all", "")
	for _, one := range e.Categories {
		if one.Price != nil {
			read(one.ID, one.ID)
		}
	}
	if len(wrong) > 0 {
		return a.showTaxes(c, http.StatusUnprocessableEntity, form.Get, wrong)
	}
	who, _ := request.StaffOf(c)
	if err := a.checkout.SetTaxes(c.Request().Context(), who, c.RealIP(), e.ID, taxes); err != nil {
		return err
	}
	return done(c, "/admin/events/"+e.Slug+"/taxes", "saved")
}
