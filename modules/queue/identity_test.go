package queue

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"fairseat/app/keyring"
	"fairseat/app/limit"
	"fairseat/app/testkit"
)

func withIdentity(identity string) func(*line) {
	return func(l *line) { l.Identity = identity }
}

// budgeted gives networks budgets, which a kit has not.
func (k *kit) budgeted() {
	k.deps.PerIP = 100
	k.queue = New(k.deps)
	k.echo = k.serve(k.queue)
}

// post joins with a body, made of pairs.
func (k *kit) post(pairs ...string) answer {
	k.T.Helper()
	var fields, header []string
	for i := 0; i+1 < len(pairs); i += 2 {
		if name, ok := strings.CutPrefix(pairs[i], "header:"); ok {
			header = append(header, name, pairs[i+1])
			continue
		}
		fields = append(fields, fmt.Sprintf("%q:%q", pairs[i], pairs[i+1]))
	}
	return k.do("POST", k.queuePath(""), "{"+strings.Join(fields, ",")+"}", header...)
}

// mailedCode asks for a code and reads it out of the mail.
func (k *kit) mailedCode(email string) string {
	k.T.Helper()
	k.post("email", email).fails(403, "code-required")
	letters := k.neighbours.letters()
	if len(letters) != 1 || letters[0].kind != "code" {
		k.T.Fatalf("mails %v", letters)
	}
	return letters[0].says
}

func TestOnePlaceForEachAddress(t *testing.T) {
	t.Parallel()
	k := newKit(t, withIdentity(IdentityEmail))
	k.post().fails(403, "email-required")
	k.post("email", "Ada <ada@example.org>").fails(422, "bad-field")
	problem := k.post("email", " Ada@Example.org").fails(403, "code-required")
	letters := k.neighbours.letters()
	if len(letters) != 1 || letters[0].to != "Ada@Example.org" || len(letters[0].says) != 6 {
		t.Fatalf("%v", letters)
	}
	if problem["email"] != "A…@Example.org" || problem["expires_in"] != 600.0 || strings.Contains(fmt.Sprint(problem), letters[0].says) {
		t.Errorf("%v", problem)
	}
	code := letters[0].says
	k.post("email", "bob@example.org", "code", code).fails(403, "bad-code")
	k.post("email", "ada@example.org", "code", "1"+code).fails(403, "bad-code")
	k.post("code", code).fails(403, "email-required")

	first := k.post("email", "ada@example.org", "code", code[:3]+" "+code[3:]).want(201)
	k.Clock.Advance(9 * time.Minute)
	other := k.post("email", "ADA@example.org", "code", k.mailedCode("ada@example.org")).want(200)
	if other["place"] != first["place"] || other["joined_at"] != first["joined_at"] {
		t.Errorf("another device has another place: %v, %v", other, first)
	}
	second := k.post("email", "bob@example.org", "code", k.mailedCode("bob@example.org")).want(201)
	if first["index"] != 0.0 || second["index"] != 1.0 {
		t.Errorf("%v %v", first, second)
	}
	// The place outlives Redis, and the codes need none of it.
	k.lose()
	again := k.post("email", "ada@example.org", "code", k.mailedCode("ada@example.org")).want(200)
	if again["place"] != first["place"] {
		t.Errorf("%v", again)
	}
	var kept int
	if err := k.DB.Raw(`SELECT count(*) FROM line_persons WHERE position('example' IN encode(person, 'escape')) > 0`).Scan(&kept).Error; err != nil || kept != 0 {
		t.Errorf("addresses stand in the table of persons: %d %v", kept, err)
	}
	k.checkLine()
}

// Whoever joined before the keys were rolled is known afterwards: rolling them gives nobody a second place.
func TestAPersonOutlivesTheKey(t *testing.T) {
	t.Parallel()
	k := newKit(t, withIdentity(IdentityEmail))
	first := k.post("email", "ada@example.org", "code", k.mailedCode("ada@example.org")).want(201)
	k.deps.Keys = keyring.New(map[keyring.Purpose][]keyring.Key{
		keyring.Place: testKeys.All(keyring.Place), keyring.Access: testKeys.All(keyring.Access),
		keyring.Buyer: append([]keyring.Key{{ID: "m2", Secret: []byte("ffeeddccbbaa99887766554433221100")}}, testKeys.All(keyring.Buyer)...),
	})
	k.queue = New(k.deps)
	k.echo = k.serve(k.queue)
	again := k.post("email", "ada@example.org", "code", k.mailedCode("ada@example.org")).want(200)
	if again["place"] != first["place"] {
		t.Errorf("%v, and before %v", again, first)
	}
}

func TestACodeLivesTwentyMinutesAtMost(t *testing.T) {
	t.Parallel()
	k := newKit(t, withIdentity(IdentityEmail))
	code := k.mailedCode("ada@example.org")
	k.Clock.Advance(10*time.Minute + time.Second)
	k.Clock.Advance(10*time.Minute - 2*time.Second)
	k.post("email", "ada@example.org", "code", code).want(201)
	k.Clock.Advance(2 * time.Second)
	k.post("email", "ada@example.org", "code", code).fails(403, "bad-code")
}

// Before the waiting room opens the address is confirmed, and joining later needs no other mail.
func TestAddressIsConfirmedBeforeThePrequeue(t *testing.T) {
	t.Parallel()
	k := newKit(t, withIdentity(IdentityEmail))
	k.Clock.Advance(-time.Hour)
	confirmed := k.post("email", "ada@example.org", "code", k.mailedCode("ada@example.org"))
	problem := confirmed.fails(409, "not-yet")
	pass, _ := problem["pass"].(string)
	cookie, _, _ := strings.Cut(confirmed.Header().Get("Set-Cookie"), ";")
	if pass == "" || cookie != "fs_mail_gala="+pass || problem["prequeue_at"] != "2027-03-09T10:00:00.000Z" || !strings.Contains(confirmed.Header().Get("Set-Cookie"), "HttpOnly") {
		t.Fatalf("%v, %s", problem, cookie)
	}
	k.post("header:Cookie", cookie).fails(409, "not-yet")
	k.Clock.Advance(time.Hour)
	byCookie := k.post("header:Cookie", cookie).want(201)
	byPass := k.post("code", pass).want(200)
	if byCookie["place"] != byPass["place"] {
		t.Errorf("%v %v", byCookie, byPass)
	}
	// Somebody else at the same device says another address, and is not taken for the first.
	k.post("header:Cookie", cookie, "email", "bob@example.org").fails(403, "code-required")
	k.post("code", pass[:len(pass)-1]).fails(403, "bad-code")
	k.post("code", pass+"A").fails(403, "bad-code")
	if len(k.neighbours.letters()) != 1 {
		t.Error("a pass asked for a mail")
	}
}

func TestFiftyDevicesOneAddress(t *testing.T) {
	t.Parallel()
	k := newKit(t, withIdentity(IdentityEmail))
	replicas := []*Service{k.queue, k.replica(), k.replica()}
	who := k.queue.mailed("ada@example.org")
	var mu sync.Mutex
	places, fresh := map[string]bool{}, 0
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			p, made, err := replicas[i%3].joinPerson(context.Background(), k.id, who)
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			places[p.Sign(testKeys)] = true
			if made {
				fresh++
			}
		})
	}
	all.Wait()
	if len(places) != 1 || fresh != 1 {
		t.Errorf("%d places, %d of them new", len(places), fresh)
	}
	if used := k.state().num("draw"); used > 3 {
		t.Errorf("%d indexes for one person on three replicas", used)
	}
	k.checkLine()
}

func TestMailsAndTriesHaveBudgets(t *testing.T) {
	t.Parallel()
	k := newKit(t, withIdentity(IdentityEmail))
	k.deps.PerIP, k.deps.PerNetwork = 1200, 6000
	k.queue = New(k.deps)
	k.echo = k.serve(k.queue)
	code := k.mailedCode("ada@example.org")
	event := fmt.Sprint("queue-mails-event:", k.id)
	for _, want := range []string{"queue-mails:192.0.2.1 60", "queue-mails-net:192.0.2.0/24 300", event + " 1200"} {
		if !slices.Contains(k.neighbours.asked, want) {
			t.Errorf("nothing keeps %q: %v", want, k.neighbours.asked)
		}
	}
	for _, budget := range []string{"queue-mails:192.0.2.1", "queue-mails-net:192.0.2.0/24", event, "queue-mail:", "queue-mail-day:"} {
		k.neighbours.refuse(budget, time.Minute)
		if problem := k.post("email", "ada@example.org").fails(429, "slow-down"); problem["retry_after"] != 60.0 || problem["reason"] == nil {
			t.Errorf("%s: %v", budget, problem)
		}
	}
	for _, budget := range []string{"code-tries:192.0.2.1", "code-try:192.0.2.1:", "code-try:"} {
		k.neighbours.refuse(budget, time.Minute)
		k.post("email", "ada@example.org", "code", code).fails(429, "slow-down")
	}
	if letters := k.neighbours.letters(); len(letters) != 0 {
		t.Errorf("mailed all the same: %v", letters)
	}
	for _, asked := range k.neighbours.asked {
		if strings.Contains(asked, "example.org") {
			t.Errorf("a budget is called %q", asked)
		}
	}
	k.neighbours.refuse("", 0)
	k.post("email", "ada@example.org", "code", code).want(201)
	// Six digits are safe as long as few are tried: these numbers are promised, and are the same however joins are limited.
	for _, want := range []string{`queue-mail:code:\d+:\w+ 5`, `queue-mail-day:code:\d+:\w+ 20`, `code-try:192\.0\.2\.1:\d+:\w+ 6`, `code-try:\d+:\w+ 20`} {
		if !slices.ContainsFunc(k.neighbours.asked, regexp.MustCompile("^"+want+"$").MatchString) {
			t.Errorf("nothing like %q in %v", want, k.neighbours.asked)
		}
	}
}

// A stranger uses up the mails and the tries of an address; whoever reads its mails joins by the link in one of them, also
// days later and elsewhere, and at other events nothing was used up.
func TestAStrangerShutsNobodyOut(t *testing.T) {
	t.Parallel()
	k := newKit(t, withIdentity(IdentityEmail))
	k.deps.Limits, k.deps.PerIP = limit.New(k.Redis, k.Prefix, k.Clock, k.Log), 1000
	k.queue = New(k.deps)
	k.echo = k.serve(k.queue)
	for range mailsPerDay {
		k.post("email", "ada@example.org").fails(403, "code-required")
		k.Clock.Advance(3 * time.Minute)
	}
	problem := k.post("email", "ada@example.org").fails(429, "slow-down")
	if problem["reason"] != "email" {
		t.Fatalf("%v", problem)
	}
	for range triesPerPair {
		k.post("email", "ada@example.org", "code", "12345").fails(403, "bad-code")
	}
	k.post("email", "ada@example.org", "code", "12345").fails(429, "slow-down")
	if err := k.queue.spendTry(t.Context(), k.id+1, "ada@example.org", "192.0.2.1"); err != nil {
		t.Errorf("tries here count elsewhere: %v", err)
	}
	for eventID, what := range map[int64]string{k.id: mailOfLink, k.id + 1: mailOfCode} {
		if err := k.queue.spendMail(t.Context(), eventID, what, "ada@example.org", "192.0.2.1"); err != nil {
			t.Errorf("codes here count for %s at %d: %v", what, eventID-k.id, err)
		}
	}
	before, pass, ok := strings.Cut(k.neighbours.passLink, "#m=")
	if !ok || before != "http://localhost:8080/events/gala" {
		t.Fatalf("the link is %q", k.neighbours.passLink)
	}
	first := k.post("code", pass).want(201)
	k.Clock.Advance(3 * 24 * time.Hour)
	elsewhere := k.post("code", pass, "email", "ada@example.org").want(200)
	if elsewhere["place"] != first["place"] {
		t.Errorf("%v, elsewhere %v", first, elsewhere)
	}
}

// A budget that cannot be read lets nobody mail strangers or guess at codes; a join that needs neither passes.
func TestMailsAndTriesWaitForTheirBudgets(t *testing.T) {
	t.Parallel()
	for _, identity := range []string{IdentityEmail, IdentityNone} {
		t.Run(identity, func(t *testing.T) {
			t.Parallel()
			k := newKit(t, withIdentity(identity))
			away := testkit.Client(t, k.RedisURL)
			away.Close()
			k.deps.Limits, k.deps.PerIP = limit.New(away, k.Prefix, k.Clock, k.Log), 1000
			k.queue = New(k.deps)
			k.echo = k.serve(k.queue)
			if identity == IdentityNone {
				if made := k.post("email", "ada@example.org").want(201); made["mailed"] != false {
					t.Errorf("%v", made)
				}
			} else {
				asked := k.post("email", "ada@example.org")
				if problem := asked.fails(503, "busy"); problem["retry_after"] != busyFor.Seconds() {
					t.Errorf("%v", problem)
				}
			}
			right := mailCode(testKeys.Current(keyring.Place), k.id, "ada@example.org", windowOf(k.Clock.Now()))
			for _, code := range []string{right, "000000"} {
				k.post("email", "ada@example.org", "code", code).fails(503, "busy")
			}
			if letters := k.neighbours.letters(); len(letters) != 0 {
				t.Errorf("mailed all the same: %v", letters)
			}
		})
	}
}

func TestNobodyIsMailedAfterTheEnd(t *testing.T) {
	t.Parallel()
	k := newKit(t, withIdentity(IdentityEmail), func(l *line) { l.closesIn = time.Hour })
	code := k.mailedCode("ada@example.org")
	k.Clock.Set(*k.neighbours.event.ClosesAt)
	k.post("email", "ada@example.org").fails(410, "ended")
	k.post("email", "ada@example.org", "code", code).fails(410, "ended")
	if len(k.neighbours.letters()) != 0 {
		t.Error("a code was mailed after the end")
	}
}

// Who may join is changed while the line runs: for those who come later, and for nobody who is in line.
func TestIdentityIsChangedWhileItRuns(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	before := k.post().want(201)
	amend := func(c LineChange) error {
		err := k.queue.Amend(context.Background(), k.DB, k.id, c)
		if err == nil {
			err = k.queue.Changed(context.Background(), k.id)
		}
		return err
	}
	email, passport, yes, no := IdentityEmail, "passport", true, false
	if err := amend(LineChange{Identity: &email}); err != nil {
		t.Fatal(err)
	}
	k.post().fails(403, "email-required")
	same := k.post("header:Authorization", "Bearer "+before["place"].(string)).want(200)
	if same["place"] != before["place"] {
		t.Error("a place was lost to a setting")
	}
	for _, bad := range []LineChange{{Identity: &passport}, {Identity: &email, ProofOfWork: &yes}, {ProofOfWork: &yes}} {
		tx := k.DB.Begin()
		if err := k.queue.Amend(context.Background(), tx, k.id, bad); err == nil {
			t.Errorf("%v was taken", bad)
		}
		tx.Rollback()
	}
	none := IdentityNone
	if err := amend(LineChange{Identity: &none, ProofOfWork: &no}); err != nil {
		t.Fatal(err)
	}
	k.post().want(201)
}

// A full network is told why, and of the other way in.
func TestByMailPastAFullNetwork(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.budgeted()
	k.neighbours.refuse("join", time.Minute)
	k.post().fails(429, "slow-down")
	first := k.post("email", "ada@example.org", "code", k.mailedCode("ada@example.org")).want(201)
	letters := k.neighbours.letters()
	if first["mailed"] != true || len(letters) != 1 || letters[0].kind != "link" || !strings.HasSuffix(letters[0].says, "/events/gala#p="+first["place"].(string)) {
		t.Errorf("%v %v", first, letters)
	}
	// An address is one person here as well.
	same := k.post("email", "ada@example.org", "code", k.mailedCode("ada@example.org")).want(200)
	if same["place"] != first["place"] {
		t.Errorf("%v", same)
	}
}

func FuzzPass(f *testing.F) {
	s := &Service{keys: testKeys}
	good := s.signPass(7, "ada@example.org")
	f.Add(good)
	f.Add(good[:20])
	f.Add("")
	f.Fuzz(func(t *testing.T, pass string) {
		if email, ok := s.readPass(7, pass); ok && (pass != good || email != "ada@example.org") {
			t.Errorf("%q passes as %q", pass, email)
		}
		if _, ok := s.readPass(8, pass); ok {
			t.Errorf("%q passes for another event", pass)
		}
	})
}

// While Postgres is away a line goes on asking for what was known, and nobody waits for it.
func TestRequirementsOutlivePostgres(t *testing.T) {
	t.Parallel()
	k := newKit(t, withIdentity(IdentityAccessCode))
	k.post().fails(403, "access-code-required")
	if err := k.DB.Exec(`ALTER TABLE lines RENAME TO gone`).Error; err != nil {
		t.Fatal(err)
	}
	for range 30 {
		k.Clock.Advance(time.Second)
		k.post().fails(403, "access-code-required")
	}
	if err := k.DB.Exec(`ALTER TABLE gone RENAME TO lines; UPDATE lines SET identity = 'none'`).Error; err != nil {
		t.Fatal(err)
	}
	// Another replica's staff changed it: seconds later it counts here.
	testkit.Eventually(t, 5*time.Second, "anybody may join", func() bool {
		k.Clock.Advance(time.Second)
		return k.post().Code == 201
	})
}
