# The loop: make dev, make test, make lint. `make help` lists everything.
.DEFAULT_GOAL := help
.PHONY: help deps test-deps build run dev test lint bench chaos chaos-bugs simulate pictures

BIN := bin/fairseat

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

deps: ## install what running needs: Postgres and Redis from the system's packages, the Go modules
	@sh .ci/install golang-go postgresql redis-server
	@sh .ci/step "Go modules" go mod download

test-deps: deps ## install what testing needs besides
	@sh .ci/install poppler-utils nginx-light
	@# The browser without windows, or the whole of it: whichever is there, or can be had.
	@[ -n "$$CHROMIUM" ] || command -v chromium >/dev/null || sh .ci/install chromium-headless-shell || sh .ci/install chromium

build: ## bin/fairseat
	@mkdir -p bin
	@sh .ci/step "Building $(BIN); minutes at first, seconds later" go build -o $(BIN) .

run: deps build ## install, build and start the demo on http://localhost:8080 (FAIRSEAT_HTTP__ADDR for elsewhere)
	@exec $(BIN) demo

dev: ## build and start with everything logged
	FAIRSEAT_LOG__LEVEL=debug go run . serve

test: test-deps lint ## everything that CI runs
	go test -count=1 -timeout 20m ./...

lint: ## formatting, vet, staticcheck
	@unformatted=$$(gofmt -l main.go app migrations modules web); test -z "$$unformatted" || { echo "not gofmt-clean:"; echo "$$unformatted"; exit 1; }
	go vet ./...
	go vet -tags failpoints ./...
	go tool staticcheck ./...

bench: test-deps ## a table of measures against bare limits of the same run; wants a quiet machine
	@mkdir -p bin && rm -f bin/bench.txt
	@BENCH=$(CURDIR)/bin/bench.txt sh .ci/step "Measuring; some minutes" go test -p 1 -count=1 -timeout 30m -run '^TestBench' ./app ./modules/queue ./modules/seating; \
		status=$$?; cat bin/bench.txt; exit $$status

chaos: deps ## break everything on purpose and check every promise: SEEDS=30 storms, the first of which is FROM=1
	@CHAOS_SEEDS=$(or $(SEEDS),30) CHAOS_FROM=$(or $(FROM),1) go test ./app/chaos -count=1 -timeout 0 -run '^TestChaos$$' -v 2>&1 | sh .ci/storms

chaos-bugs: deps ## plant each bug of the table and want it caught; then the same storms without it
	@CHAOS_BUGS=all go test ./app/chaos -count=1 -timeout 0 -run '^(TestPlantedBugs|TestStormsOfBugsSpareTheSound)$$' -v 2>&1 | sh .ci/storms

simulate: deps ## the waiting room's controller and wait estimate against simulated crowds; some minutes, a table
	SIMULATE=1 go test ./modules/queue -count=1 -timeout 60m -run '^TestSimulate$$' -v | grep -v level=INFO

pictures: test-deps ## the README's pictures, into docs/pictures
	@sh .ci/install fonts-inter
	PICTURES=$(CURDIR)/docs/pictures FONTCONFIG_FILE=$(CURDIR)/docs/pictures/fonts.conf go test ./app -count=1 -run '^TestPictures$$'
