package seating

import (
	"slices"
	"strings"

	"fairseat/app/fault"
)

// methodsOf are the ways an event may be paid, the usual one first: those it names, as far as the house has them, else the
// house's usual one.
func (s *Service) methodsOf(e *Event) []Method {
	all := []Method{}
	for _, id := range e.PaymentMethods {
		for _, m := range s.Methods {
			if m.ID == id {
				all = append(all, m)
			}
		}
	}
	if len(all) == 0 {
		all = append(all, s.Methods[:min(1, len(s.Methods))]...)
	}
	return all
}

// PaymentMethods are the ways an event may be paid, the usual one first.
func (s *Service) PaymentMethods(e *Event) []Method { return s.methodsOf(e) }

// OfferedMethods are those by which money that is sent now comes in time; all, if none does.
func (s *Service) OfferedMethods(e *Event) []Method {
	all := s.methodsOf(e)
	if e.StartsAt.IsZero() {
		return all
	}
	left := e.StartsAt.Sub(s.Clock.Now())
	offered := slices.DeleteFunc(slices.Clone(all), func(m Method) bool { return m.Lead > 0 && left < m.Lead })
	if len(offered) == 0 {
		return all
	}
	return offered
}

// checkMethods refuses ways to pay that the house does not have, or has twice.
func (s *Service) checkMethods(r *eventRequest, fields fault.Fields) {
	if r.PaymentMethods == nil {
		return
	}
	var known []string
	for _, m := range s.Methods {
		known = append(known, m.ID)
	}
	for i, id := range *r.PaymentMethods {
		if !slices.Contains(known, id) || slices.Contains((*r.PaymentMethods)[:i], id) {
			fields["payment_methods"] = "is a list of " + strings.Join(known, ", ") + ", each once"
		}
	}
}
