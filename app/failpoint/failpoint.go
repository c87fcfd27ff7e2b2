// Package failpoint names the moments between two steps at which a process may die, so that the chaos harness can let it
// die there. Without the build tag "failpoints" its functions are empty and the compiler leaves them out.
//
//	K1  the seats are held in Redis, the fan does not know     K9  the processor was asked, nothing is written down
//	K2  the basket is pinned, no order is written              K10 the seats are secured, the money is not taken
//	K3  inside the transaction that places an order            K11 the money is taken, the tickets are not written
//	K4  the order is committed, the processor not asked        K12 the tickets are written, the map does not know
//	K5  the processor has the payment, we not its reference    K13 the mail server has the mail, we do not know
//	K6  the reference is written, the fan does not know        K14 the processor has refunded, we have not written it
//	K7  a webhook was read, nothing is kept                    K15 the payment is cancelled, the seats are not released
//	K8  a webhook is kept, nothing was done about it           K16 the order is committed, the answer to that is lost
package failpoint
