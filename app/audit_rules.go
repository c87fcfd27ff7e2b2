package app

// rule is one thing that must always be true, as a query for every case in which it is not: one text each, which names
// the order where there is one. @until is the moment up to which somebody was there to do the work.
type rule struct{ id, name, query string }

// sqlRules are those that Postgres alone can tell; see research on reliability, section 3. "Stuck" means a minute past
// the order's own deadline: until then the work is under way.
var sqlRules = []rule{
	{"I1", "a seat has one live claim",
		`SELECT format('event %s: seat %s has %s live claims', event_id, seat_id, count(*)) FROM seat_claims WHERE status NOT IN ('released', 'listed') GROUP BY event_id, seat_id HAVING count(*) > 1`},
	{"I2", "a seat has one valid ticket",
		`SELECT format('event %s: seat %s has %s valid tickets', event_id, seat_id, count(*)) FROM tickets WHERE status = 'valid' GROUP BY event_id, seat_id HAVING count(*) > 1`},
	{"I3", "a valid ticket stands on a sold claim of a paid order",
		`SELECT format('order %s: ticket %s is valid, its seat is %s and the order %s', c.order_id, t.id, c.status, coalesce(o.status, 'missing'))
		   FROM tickets t JOIN seat_claims c ON c.id = t.claim_id LEFT JOIN orders o ON o.id = c.order_id
		  WHERE t.status = 'valid' AND (c.status <> 'sold' OR o.status IS NULL OR o.status NOT IN ('paid', 'part_refunded'))`},
	{"I4", "a paid order has a ticket for each of its seats",
		`SELECT format('order %s: %s seats sold, %s tickets', o.id, count(c.id), count(t.id)) FROM orders o LEFT JOIN seat_claims c ON c.order_id = o.id AND c.status IN ('sold', 'listed')
		   LEFT JOIN tickets t ON t.claim_id = c.id AND t.status = CASE c.status WHEN 'sold' THEN 'valid' ELSE 'listed' END
		  WHERE o.status IN ('paid', 'part_refunded') GROUP BY o.id HAVING count(c.id) = 0 OR count(c.id) <> count(t.id)`},
	{"I5", "a paid order was paid its price, no more and no less",
		`SELECT format('order %s: costs %s %s, paid %s', o.id, o.amount, o.currency, coalesce(sum(p.received), 0)) FROM orders o LEFT JOIN payments p ON p.order_id = o.id AND p.status = 'captured'
		  WHERE o.status IN ('paid', 'part_refunded') AND o.amount > 0
		  GROUP BY o.id HAVING coalesce(sum(p.received), 0) <> o.amount OR bool_or(p.currency <> o.currency)`},
	{"I6", "money taken is a ticket or a refund",
		`SELECT format('order %s: payment %s took %s %s, and there is neither ticket nor refund', o.id, p.id, p.received, p.currency) FROM payments p JOIN orders o ON o.id = p.order_id
		  WHERE p.status IN ('captured', 'refund_due') AND p.received > 0 AND o.status NOT IN ('paid', 'part_refunded')
		    AND NOT EXISTS (SELECT 1 FROM refunds r WHERE r.payment_id = p.id)`},
	{"I9", "nobody is refunded more than was paid",
		`SELECT format('order %s: payment %s took %s and gave or owes back %s', max(p.order_id::text), p.id, max(p.received), sum(r.amount)) FROM payments p
		   JOIN refunds r ON r.payment_id = p.id GROUP BY p.id HAVING sum(r.amount) > max(p.received)`},
	{"I10", "nobody has more seats than the event allows",
		`SELECT format('event %s: one buyer has %s seats, order %s', c.event_id, count(*), max(c.order_id::text)) FROM seat_claims c JOIN events e ON e.id = c.event_id
		  WHERE c.status <> 'released' AND c.swap_of IS NULL AND c.buyer_key IS NOT NULL GROUP BY c.event_id, c.buyer_key, e.max_per_buyer HAVING count(*) > e.max_per_buyer
		 UNION ALL
		 SELECT format('event %s: place %s has %s seats, order %s', c.event_id, c.place_key, count(*), max(c.order_id::text)) FROM seat_claims c JOIN events e ON e.id = c.event_id
		  WHERE c.status <> 'released' AND c.swap_of IS NULL AND c.place_key IS NOT NULL GROUP BY c.event_id, c.place_key, e.max_per_buyer HAVING count(*) > e.max_per_buyer`},
	{"I11", "no claim is stuck",
		`SELECT format('order %s: claim %s is %s since %s', o.id, c.id, c.status, coalesce(w.expires_at, o.expires_at)) FROM seat_claims c
		   JOIN orders o ON o.id = c.order_id LEFT JOIN swaps w ON w.to_claim = c.id
		  WHERE c.status IN ('checkout', 'secured') AND coalesce(w.expires_at, o.expires_at) < @until - interval '60 s'`},
	{"I12", "no payment or refund is stuck",
		`SELECT format('order %s: payment %s is %s since %s', o.id, p.id, p.status, coalesce(w.expires_at, o.expires_at)) FROM payments p
		   JOIN orders o ON o.id = p.order_id LEFT JOIN swaps w ON w.id = p.swap_id
		  WHERE p.status IN ('created', 'authorized', 'cancelling', 'refund_due') AND coalesce(w.expires_at, o.expires_at) < @until - interval '60 s'
		    AND NOT (p.provider = 'transfer' AND p.status = 'refund_due') -- sent back by hand: it stands on the list of transfers
		 UNION ALL
		 SELECT format('order %s: refund %s of %s %s is %s: %s', p.order_id, r.id, r.amount, p.currency, r.status, r.problem) FROM refunds r JOIN payments p ON p.id = r.payment_id
		  WHERE r.status <> 'done' AND r.created_at < @until - interval '60 s' AND p.provider <> 'transfer'`},
	{"I13", "what was sold stays sold",
		`SELECT format('order %s: it was paid once, and is %s', o.id, o.status) FROM orders o
		  WHERE o.status NOT IN ('paid', 'part_refunded', 'refunded') AND EXISTS (SELECT 1 FROM order_history h WHERE h.order_id = o.id AND h.what = 'paid')
		 UNION ALL
		 SELECT format('order %s: its tickets were mailed, and it has none', m.order_id) FROM mails m WHERE m.kind = 'tickets' AND m.status = 'sent'
		    AND NOT EXISTS (SELECT 1 FROM seat_claims c JOIN tickets t ON t.claim_id = c.id WHERE c.order_id = m.order_id)`},
	{"I15", "every paid order has its mail on the way",
		`SELECT format('order %s: no mail with its tickets was promised', o.id) FROM orders o WHERE o.status IN ('paid', 'part_refunded')
		    AND NOT EXISTS (SELECT 1 FROM mails m WHERE m.order_id = o.id AND m.kind = 'tickets')`},
	{"I17", "what the processor told us was acted on",
		`SELECT format('message %s of %s came %s and waits', event_id, provider, received_at) FROM psp_events WHERE processed_at IS NULL AND received_at < @until - interval '60 s'`},
	{"I28", "invoices are numbered without a gap, and credited no further than they go",
		`SELECT format('series %s ends at %s and has %s', s.prefix, s.last, count(i.id)) FROM invoice_series s LEFT JOIN invoices i ON i.prefix = s.prefix
		  GROUP BY s.prefix HAVING count(i.id) <> s.last OR max(i.serial) IS DISTINCT FROM s.last
		 UNION ALL
		 SELECT format('invoice %s', i.number) FROM invoices i JOIN invoices c ON c.refers_to = i.id GROUP BY i.id HAVING sum(c.total) > i.total`},
	{"I19", "no block outlives its moment",
		`SELECT format('event %s: block %s was to end %s', b.event_id, b.id, b.until) FROM blocks b WHERE b.until < @until - interval '60 s'
		    AND EXISTS (SELECT 1 FROM seat_claims c WHERE c.block_id = b.id AND c.status = 'blocked')`},
	{"I20", "a seat that was exchanged is no longer the order's",
		`SELECT format('order %s: claim %s was exchanged for %s, and is %s', o.order_id, o.id, n.id, o.status) FROM seat_claims n JOIN seat_claims o ON o.id = n.replaces
		  WHERE o.status <> 'released' OR o.order_id IS DISTINCT FROM n.order_id`},
	{"I31", "a seat changed for a dearer one was paid for, and what was not paid for is free again",
		`SELECT format('order %s: swap %s is %s, its seats are %s and %s, %s of %s paid', w.order_id, w.id, w.status, f.status, t.status, coalesce(p.received, 0), w.difference)
		   FROM swaps w JOIN seat_claims f ON f.id = w.from_claim JOIN seat_claims t ON t.id = w.to_claim
		   LEFT JOIN payments p ON p.swap_id = w.id AND p.received > 0 AND NOT EXISTS
		        (SELECT 1 FROM refunds r WHERE r.payment_id = p.id AND r.reason IN ('late', 'second-payment', 'wrong-amount'))
		  WHERE NOT CASE w.status WHEN 'done' THEN t.replaces = w.from_claim AND f.status = 'released' AND coalesce(p.received, 0) = w.difference
		    WHEN 'open' THEN t.swap_of = w.from_claim AND t.status IN ('checkout', 'secured') AND f.status = 'sold' AND p.id IS NULL
		    ELSE t.status = 'released' AND t.replaces IS NULL AND p.id IS NULL END`},
	{"I29", "a ticket that was given back is on sale, sold, or its holder's again",
		`SELECT format('order %s: ticket %s is %s, its claim %s and the order %s', o.id, t.id, t.status, c.status, o.status) FROM tickets t JOIN seat_claims c ON c.id = t.claim_id
		   JOIN orders o ON o.id = c.order_id WHERE (t.status = 'listed') <> (c.status = 'listed') OR t.status = 'listed' AND o.status NOT IN ('paid', 'part_refunded')
		 UNION ALL
		 SELECT format('order %s: seat %s of its ticket is blocked', l.order_id, l.seat_id) FROM seat_claims l JOIN seat_claims b ON b.event_id = l.event_id AND b.seat_id = l.seat_id
		  WHERE l.status = 'listed' AND b.status = 'blocked'
		 UNION ALL
		 SELECT format('order %s: seat %s was sold again by order %s, and nothing is owed for it', l.order_id, l.seat_id, b.order_id) FROM seat_claims l
		   JOIN seat_claims b ON b.event_id = l.event_id AND b.seat_id = l.seat_id AND b.status = 'sold' JOIN orders o ON o.id = b.order_id
		  WHERE l.status = 'listed' AND greatest(b.created_at, coalesce(o.paid_at, o.created_at)) < @until - interval '60 s'
		    AND NOT EXISTS (SELECT 1 FROM payments p WHERE p.order_id = l.order_id AND p.status = 'captured' AND p.dispute = 'open')
		 UNION ALL
		 SELECT format('order %s: seat %s is still on sale, the event begins %s', l.order_id, l.seat_id, e.starts_at) FROM seat_claims l JOIN events e ON e.id = l.event_id
		  WHERE l.status = 'listed' AND e.starts_at - interval '1 h' < @until - interval '60 s' AND NOT EXISTS
		    (SELECT 1 FROM seat_claims b WHERE b.event_id = l.event_id AND b.seat_id = l.seat_id AND b.status NOT IN ('released', 'listed'))
		    AND NOT EXISTS (SELECT 1 FROM event_refunds r WHERE r.event_id = l.event_id AND r.status = 'running')`},
	{"I26", "a refunded event leaves nobody out",
		`SELECT format('order %s: event %s was refunded, and it is %s', o.id, r.event_id, o.status) FROM event_refunds r JOIN orders o ON o.event_id = r.event_id
		  WHERE r.status = 'done' AND o.status IN ('paid', 'part_refunded') AND coalesce(o.paid_at, o.created_at) < @until - interval '60 s'
		 UNION ALL
		 SELECT format('order %s: it cannot be returned: %s', f.order_id, f.problem) FROM event_refund_orders f JOIN orders o ON o.id = f.order_id
		  WHERE f.done_at IS NULL AND f.tries >= 3 AND o.status IN ('paid', 'part_refunded')`},
	{"I27", "a code is used no more than it may, by orders that keep their seats",
		`SELECT format('code %s has %s uses', c.id, count(*)) FROM promotion_uses u JOIN promotion_codes c ON c.id = u.code_id
		  WHERE u.freed_at IS NULL GROUP BY c.id HAVING count(*) > c.max_uses
		 UNION ALL
		 SELECT format('code %s has %s uses of one buyer', c.id, count(*)) FROM promotion_uses u JOIN promotion_codes c ON c.id = u.code_id
		  WHERE u.freed_at IS NULL GROUP BY c.id, u.buyer_key HAVING count(*) > c.max_per_buyer
		 UNION ALL
		 SELECT format('order %s: its use of a code is not as claim %s is', k.order_id, u.claim_id) FROM promotion_uses u JOIN seat_claims k ON k.id = u.claim_id
		  WHERE (u.freed_at IS NULL) = (k.status = 'released')`},
	// A job that River gave up is no harm where the tables had it done; what they still wait for is.
	{"I21", "no job of the sale was given up, or waits in vain",
		`SELECT format('order %s: job %s was given up, and the payment is %s', p.order_id, j.kind, p.status) FROM river_job j JOIN payments p ON p.id = (j.args->>'payment_id')::uuid
		  WHERE j.state = 'discarded' AND j.kind LIKE 'checkout.%' AND p.status IN ('created', 'authorized', 'cancelling', 'refund_due')
		 UNION ALL
		 SELECT format('order %s: job %s was given up, and the refund is %s', p.order_id, j.kind, r.status) FROM river_job j JOIN refunds r ON r.id = (j.args->>'refund_id')::uuid
		   JOIN payments p ON p.id = r.payment_id WHERE j.state = 'discarded' AND j.kind = 'checkout.refund' AND r.status <> 'done'
		 UNION ALL
		 SELECT format('order %s: job %s was given up, and the mail waits', m.order_id, j.kind) FROM river_job j JOIN mails m ON m.id = (j.args->>'mail_id')::uuid
		  WHERE j.state = 'discarded' AND j.kind = 'notification.mail' AND m.status = 'queued' AND m.next_try_at < @until - interval '300 s'
		 UNION ALL
		 SELECT format('jobs %s wait, the oldest since %s', kind, min(scheduled_at)) FROM river_job
		  WHERE state IN ('available', 'retryable') AND queue <> 'mail' AND scheduled_at < @until - interval '120 s' GROUP BY kind`},
}
