package checkout

import (
	"fmt"
	"strings"
	"testing"
)

func TestPromotionsOverHTTP(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	const at = "/api/v1/admin/events/gala/promotions"
	for _, bad := range []string{`{}`, `{"percent":10,"amount":5}`, `{"percent":101}`, `{"percent":-1}`, `{"amount":-1}`, `{"percent":10,"code":"a"}`,
		`{"percent":10,"code":"abc","codes":2}`, `{"percent":10,"codes":10001}`, `{"percent":10,"categories":["Pit"]}`, `{"prices":{"nope":1}}`,
		`{"prices":{"c1":-1}}`, `{"percent":10,"max_uses":0}`, `{"percent":10,"max_per_buyer":0}`, `{"percent":10,"ends_at":"2001-01-01T00:00:00Z"}`,
		`{"percent":10,"name":"a\u0007"}`, `{"prices":{"c1":1},"categories":["c1"]}`} {
		w.want(t, w.do("POST", at, bad), 422, "bad-field")
	}
	many := w.do("POST", at, `{"name":"Sponsor","percent":50,"codes":1500,"max_uses":1,"categories":["Stalls"]}`, "Idempotency-Key", "k1")
	w.want(t, many, 201, "")
	var made PromotionView
	many.into(t, &made)
	if len(made.Created) != 1500 || made.Codes != 1500 || made.Code != "" || made.State != "on" || made.Categories[0] != "c1" {
		t.Fatalf("%+v", made)
	}
	if again := w.do("POST", at, `{"name":"Sponsor","percent":50,"codes":1500,"max_uses":1,"categories":["Stalls"]}`, "Idempotency-Key", "k1"); again.Header().Get("Idempotent-Replayed") != "true" {
		t.Error("made twice under one key")
	}
	f := w.fan(0)
	tried := w.do("POST", "/api/v1/events/gala/promo", `{"code":"`+strings.ToLower(made.Created[7])+`"}`, "X-Place", f.place.Key)
	w.want(t, tried, 200, "")
	var offer OfferView
	tried.into(t, &offer)
	if offer.Total != 2100 || offer.Seats[0].FullPrice != 4200 || offer.Seats[0].Price != 2100 {
		t.Errorf("%+v", offer)
	}
	w.want(t, w.do("POST", "/api/v1/events/gala/promo", `{"code":"nothing"}`, "X-Place", f.place.Key), 422, "bad-promo")
	w.want(t, w.do("POST", "/api/v1/events/gala/promo", `{}`, "X-Place", f.place.Key), 422, "bad-promo")
	w.want(t, w.do("POST", "/api/v1/events/gala/promo", `{"code":"`+made.Created[8]+`"}`, "X-Place", "nobody"), 409, "hold-expired")
	order := strings.Replace(adaOrders, "}}", `},"promo":"`+made.Created[7]+`","total":2100}`, 1)
	w.want(t, w.do("POST", "/api/v1/events/gala/orders", strings.Replace(order, "2100", "4200", 1), "X-Place", f.place.Key), 409, "price-changed")
	placed := w.do("POST", "/api/v1/events/gala/orders", order, "X-Place", f.place.Key)
	w.want(t, placed, 201, "")
	csv := w.do("GET", at+"/"+made.ID+"/codes.csv", "")
	if lines := strings.Split(csv.Body.String(), "\n"); csv.Code != 200 || len(lines) != 1502 || lines[8] != made.Created[7]+",1,1" {
		t.Errorf("%d %s", csv.Code, lines[:10])
	}
	var listed promotionsResponse
	w.do("GET", at, "").into(t, &listed)
	if len(listed.Promotions) != 1 || listed.Promotions[0].Uses != 1 || listed.Promotions[0].Created != nil {
		t.Errorf("%+v", listed)
	}
	w.want(t, w.do("DELETE", at+"/"+made.ID, ""), 204, "")
	w.want(t, w.do("DELETE", at+"/"+made.ID, ""), 204, "")
	w.want(t, w.do("DELETE", at+"/x", ""), 404, "not-found")
	w.want(t, w.do("GET", at+"/x/codes.csv", ""), 404, "not-found")
}

// Codes can be words that are guessed, so tries are few, right or wrong, wherever they are made.
func TestCodesAreNotGuessed(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	w.Limits = &limits{left: map[string]int{fmt.Sprintf("promo:%d:t1", w.event): 2}}
	f := w.fan(0)
	w.want(t, w.do("POST", "/api/v1/events/gala/promo", `{"code":"aaa"}`, "X-Place", f.place.Key), 422, "bad-promo")
	order := strings.Replace(adaOrders, "}}", `},"promo":"aab"}`, 1)
	w.want(t, w.do("POST", "/api/v1/events/gala/orders", order, "X-Place", f.place.Key), 422, "bad-promo")
	w.want(t, w.do("POST", "/api/v1/events/gala/promo", `{"code":"aac"}`, "X-Place", f.place.Key), 429, "slow-down")
	w.want(t, w.do("POST", "/api/v1/events/gala/orders", order, "X-Place", f.place.Key), 429, "slow-down")
	w.want(t, w.do("POST", "/api/v1/events/gala/orders", adaOrders, "X-Place", f.place.Key), 201, "") // without a code nothing is guessed
}
