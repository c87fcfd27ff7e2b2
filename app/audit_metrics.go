package app

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// auditMeters show what the last audit found, the same on every replica, so that an alarm can watch any of them.
type auditMeters struct {
	mu         sync.Mutex
	at         prometheus.Gauge
	violations *prometheus.GaugeVec
	money      map[string]*prometheus.GaugeVec // by what became of it
}

func newAuditMeters(registry prometheus.Registerer) *auditMeters {
	m := &auditMeters{
		at: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "fairseat_audit_last_run_timestamp_seconds", Help: "When the audit last ran; it does every few minutes."}),
		violations: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "fairseat_audit_violations", Help: "Cases in which something does not hold that always must, at the last audit."}, []string{"invariant"}),
		money: map[string]*prometheus.GaugeVec{},
	}
	registry.MustRegister(m.at, m.violations)
	for name, help := range map[string]string{
		"captured": "Money taken, in minor units.", "delivered": "Money taken whose tickets are valid, in minor units.",
		"refunded": "Money given back, in minor units.", "owed": "Money taken that is neither a ticket nor given back yet, in minor units.",
		"in_flight": "Money agreed by a bank and not taken yet, in minor units.",
	} {
		m.money[name] = prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "fairseat_money_" + name, Help: help}, []string{"currency"})
		registry.MustRegister(m.money[name])
	}
	return m
}

func (m *auditMeters) show(r *Audit) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.at.Set(float64(time.Time(r.At).Unix()))
	for _, inv := range r.Invariants {
		m.violations.WithLabelValues(inv.ID).Set(float64(len(inv.Violations)))
	}
	for currency, sum := range r.Money {
		for name, minor := range map[string]int64{"captured": sum.Captured, "delivered": sum.Delivered, "refunded": sum.Refunded, "owed": sum.Owed, "in_flight": sum.InFlight} {
			m.money[name].WithLabelValues(currency).Set(float64(minor))
		}
	}
}
