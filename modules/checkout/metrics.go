package checkout

import "github.com/prometheus/client_golang/prometheus"

// metrics are counters an operator sets alarms on; labels come from fixed words only.
type metrics struct {
	orders      *prometheus.CounterVec // by outcome: placed, paid, expired, cancelled, late
	wrongAmount prometheus.Counter
	refunds     *prometheus.CounterVec // by outcome: due, done, failed, came-back
	handedOver  prometheus.Counter
	orphans     prometheus.Counter
	disputes    *prometheus.CounterVec // by state: open, won, lost
}

func newMetrics(r prometheus.Registerer) *metrics {
	m := &metrics{
		orders: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "fairseat_orders_total", Help: "Orders by what became of them."}, []string{"outcome"}),
		wrongAmount: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "fairseat_payments_wrong_amount_total", Help: "Payments whose amount or currency was not what we asked for."}),
		refunds: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "fairseat_refunds_total", Help: "Refunds by what became of them."}, []string{"outcome"}),
		handedOver: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "fairseat_checkout_jobs_handed_over_total", Help: "Jobs that gave up trying and left the rest to the reconciler."}),
	}
	m.orphans = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "fairseat_payments_orphaned_total", Help: "Payments with money at a processor that our books do not know."})
	m.disputes = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "fairseat_disputes_total", Help: "Disputes of payments by where they came to stand."}, []string{"dispute"})
	if r != nil {
		r.MustRegister(m.disputes, m.orphans, m.orders, m.wrongAmount, m.refunds, m.handedOver)
	}
	return m
}
