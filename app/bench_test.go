package app_test

import (
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/redis/rueidis"

	"fairseat/app/testkit"
)

// The bare limit: what this machine's Echo can do at best, as a process of its own, as the product is one. The test
// binary is started again for it, see TestMain.
const (
	bareAddr  = "FAIRSEAT_TEST_BARE_ADDR"
	bareRedis = "FAIRSEAT_TEST_BARE_REDIS"
	bareBody  = "FAIRSEAT_TEST_BARE_BODY" // what GET answers, in base64
)

// serveBare answers GET with given bytes, POST /join with the outcome of one INCR, and POST /hold with that of one SET NX PX
// in a script.
func serveBare(addr string) error {
	body, err := base64.StdEncoding.DecodeString(os.Getenv(bareBody))
	if err != nil {
		return err
	}
	option, err := rueidis.ParseURL(os.Getenv(bareRedis))
	if err != nil {
		return err
	}
	option.ForceSingleClient, option.DisableCache = true, true // as the product
	redis, err := rueidis.NewClient(option)
	if err != nil {
		return err
	}
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.GET("/now", func(c echo.Context) error { return c.JSONBlob(http.StatusOK, body) })
	e.POST("/join", func(c echo.Context) error {
		n, err := redis.Do(c.Request().Context(), redis.B().Incr().Key("bare").Build()).AsInt64()
		if err != nil {
			return err
		}
		return c.JSON(http.StatusCreated, map[string]int64{"index": n})
	})
	set := rueidis.NewLuaScript(`return redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2])`)
	e.POST("/hold", func(c echo.Context) error {
		var wish struct {
			Seats []int `json:"seats"`
		}
		if err := c.Bind(&wish); err != nil || len(wish.Seats) != 1 {
			return echo.ErrBadRequest
		}
		err := set.Exec(c.Request().Context(), redis, []string{"bare:" + strconv.Itoa(wish.Seats[0])}, []string{"ada", "480000"}).Error()
		if err != nil { // a seat that is held is an error as well
			return err
		}
		return c.JSON(http.StatusCreated, map[string][]int{"seats": wish.Seats})
	})
	return e.Start(addr)
}

type bareLimit struct {
	addr string
	pid  int
}

// startBare runs the bare limit until the test ends.
func startBare(t testing.TB, redisURL string, body []byte) (b bareLimit) {
	t.Helper()
	addr := freeAddr(t)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(cleanEnv(), bareAddr+"="+addr, bareRedis+"="+redisURL, bareBody+"="+base64.StdEncoding.EncodeToString(body))
	cmd.Stderr = t.Output()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	testkit.Eventually(t, 10*time.Second, "the bare limit listens", func() bool {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			return false
		}
		return conn.Close() == nil
	})
	return bareLimit{addr, cmd.Process.Pid}
}

// ratio measures ours against the bare limit in short turns, so that both meet the same noise. What decides is the
// processor time that client, server and Redis took together for an answer: it says what a machine answers that has
// nothing else to do, and neighbours hardly change it. The clock's own ratio, the middle of the rounds, stands beside it.
func ratio(t testing.TB, ours, bare *load, used func() time.Duration) (byCPU, byClock, perSecond, limit float64) {
	t.Helper()
	var ratios, ourRates, bareRates []float64
	type bill struct {
		cpu     time.Duration
		answers int64
	}
	var ourBill, bareBill bill
	turn := func(l *load, b *bill) float64 {
		before := used()
		rate, n := l.run(t, 300*time.Millisecond)
		b.cpu, b.answers = b.cpu+used()-before, b.answers+n
		return rate
	}
	for round := range 33 {
		if round == 2 { // both have warmed up
			ratios, ourRates, bareRates, ourBill, bareBill = nil, nil, nil, bill{}, bill{}
		}
		a, b := turn(ours, &ourBill), turn(bare, &bareBill)
		ratios, ourRates, bareRates = append(ratios, a/b), append(ourRates, a), append(bareRates, b)
	}
	byCPU = (bareBill.cpu.Seconds() / float64(bareBill.answers)) / (ourBill.cpu.Seconds() / float64(ourBill.answers))
	return byCPU, testkit.Median(ratios), testkit.Median(ourRates), testkit.Median(bareRates)
}

// cpu is the processor time that processes have taken so far, to a hundredth of a second.
func cpu(t testing.TB, pids ...int) (total time.Duration) {
	t.Helper()
	for _, pid := range pids {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(text), ") ")
		fields := strings.Fields(rest)
		for _, ticks := range fields[11:13] { // utime, stime
			n, err := strconv.ParseInt(ticks, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			total += time.Duration(n) * 10 * time.Millisecond
		}
	}
	return total
}

func TestBenchRequests(t *testing.T) {
	bench := testkit.NewBench(t)
	pg, redis := servers(t)
	p := startProcess(t, "FAIRSEAT_POSTGRES__URL="+pg, "FAIRSEAT_REDIS__URL="+redis, "FAIRSEAT_LIMITS__PER_NETWORK=0")
	staff := signIn(t, p.base)
	createEvent(t, staff, "gala", importStadium(t, staff), stadiumPrices, 25*time.Minute, nil)
	bare := startBare(t, redis, get(t, p.base+"/api/v1/events/gala/queue/now"))
	used := func() time.Duration {
		return cpu(t, append(childOf(filepath.Dir(filepath.Dir(strings.TrimPrefix(redis, "unix://"))), "redis"), os.Getpid(), p.cmd.Process.Pid, bare.pid)...)
	}
	measure := func(what string, goal float64, ours, limit *load) {
		byCPU, byClock, rate, most := ratio(t, ours, limit, used)
		bench.Row(what, fmt.Sprintf(">= %.2f", goal), byCPU >= goal, "%.2f by processor time; %.2f by the clock (%.0f/s of %.0f/s)", byCPU, byClock, rate, most)
	}
	const connections = 1024
	measure("GET /queue/now, of a bare Echo sending the same bytes", .85,
		newLoad(t, p.addr, "/api/v1/events/gala/queue/now", "", "200", connections), newLoad(t, bare.addr, "/now", "", "200", connections))
	measure("join, of a bare Echo and one INCR", .8,
		newLoad(t, p.addr, "/api/v1/events/gala/queue", "{}", "201", connections), newLoad(t, bare.addr, "/join", "{}", "201", connections))
}
