package seating

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"fairseat/app/clock"
	"fairseat/app/fault"
	"fairseat/app/request"
	"fairseat/modules/seating/plan"
)

type (
	blockRequest struct {
		Seats  []json.RawMessage `json:"seats"`
		Name   string            `json:"name"`
		Reason string            `json:"reason"`
		Until  json.RawMessage   `json:"until"`
	}
	blockChangeRequest struct {
		Name   *string         `json:"name"`
		Reason *string         `json:"reason"`
		Until  json.RawMessage `json:"until"`
	}
	unblockRequest struct {
		Seats []json.RawMessage `json:"seats"`
	}
	// unblockResponse is what the block still has, and what this request put back: not what somebody else did before.
	unblockResponse struct {
		blockResponse
		Released []int `json:"released"`
	}
	blockMade struct {
		ID string `json:"id"`
	}
	// blockResponse says the seats one by one and as spans, "3-17 20", which are short for a whole arena too.
	blockResponse struct {
		ID     string     `json:"id"`
		Count  int        `json:"count"`
		Spans  string     `json:"spans"`
		Seats  []int      `json:"seats,omitzero"`
		Name   string     `json:"name"`
		Reason string     `json:"reason"`
		Until  clock.Time `json:"until"`
		By     string     `json:"by"`
		At     clock.Time `json:"at"`
	}
)

// fewSeats is how many seats of a block are named one by one where one seat alone was asked about: six kilobytes.
const fewSeats = 1000

func newBlockResponse(b Block) blockResponse {
	return blockResponse{ID: b.ID, Count: len(b.Seats), Spans: spans(b.Seats), Seats: append([]int{}, b.Seats...),
		Name: b.Name, Reason: b.Reason, Until: clock.Time(b.Until), By: b.By, At: clock.Time(b.At)}
}

// until reads the end of a block: null is never, nothing there nil.
func until(fields fault.Fields, raw json.RawMessage) *time.Time {
	if len(raw) == 0 {
		return nil
	}
	var at *time.Time
	moment(fields, "until", raw, &at)
	if at == nil {
		at = new(time.Time)
	}
	return at
}

// listBlocks answers GET /admin/events/:event/blocks.
func (h *handler) listBlocks(c echo.Context) error {
	named := c.QueryParam("seats")
	if named != "" && named != "none" {
		return fault.Fields{"seats": "is none, or left out"}.Err()
	}
	blocks, err := h.seating.Blocks(c.Request().Context(), request.EventOf(c).ID)
	if err != nil {
		return err
	}
	out := make([]blockResponse, len(blocks))
	for i, b := range blocks {
		if out[i] = newBlockResponse(b); named == "none" {
			out[i].Seats = nil
		}
	}
	return private(c).JSON(http.StatusOK, map[string]any{"blocks": out})
}

// block answers POST /admin/events/:event/blocks. One block may take the whole house; the body's size is the limit.
func (h *handler) block(c echo.Context) error {
	var req blockRequest
	if err := request.Decode(c, &req); err != nil {
		return err
	}
	fields := fault.Fields{}
	wish := BlockWish{Seats: numberList(fields, "seats", req.Seats, plan.MaxSeats), Name: req.Name, Reason: req.Reason}
	if end := until(fields, req.Until); end != nil {
		wish.Until = *end
	}
	(&BlockChange{Name: &wish.Name, Reason: &wish.Reason}).check(fields, time.Time{}) // all that is wrong is said at once
	if err := fields.Err(); err != nil {
		return err
	}
	who := whoIs(c)
	made, err := h.seating.Block(c.Request().Context(), who.staff, who.ip, request.EventOf(c).ID, wish)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, blockMade{ID: made.ID})
}

// changeBlock answers PATCH /admin/events/:event/blocks/:id.
func (h *handler) changeBlock(c echo.Context) error {
	var req blockChangeRequest
	if err := request.Decode(c, &req); err != nil {
		return err
	}
	fields := fault.Fields{}
	change := BlockChange{Name: req.Name, Reason: req.Reason, Until: until(fields, req.Until)}
	if err := fields.Err(); err != nil {
		return err
	}
	who := whoIs(c)
	changed, err := h.seating.ChangeBlock(c.Request().Context(), who.staff, who.ip, request.EventOf(c).ID, c.Param("id"), change)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, newBlockResponse(changed))
}

// unblock answers DELETE /admin/events/:event/blocks/:id.
func (h *handler) unblock(c echo.Context) error {
	who := whoIs(c)
	_, _, err := h.seating.Unblock(c.Request().Context(), who.staff, who.ip, request.EventOf(c).ID, c.Param("id"), nil)
	if err != nil && !errors.Is(err, ErrNoSuchBlock) {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// unblockSome answers POST /admin/events/:event/blocks/:id/release: what the block still has.
func (h *handler) unblockSome(c echo.Context) error {
	var req unblockRequest
	if err := request.Decode(c, &req); err != nil {
		return err
	}
	fields := fault.Fields{}
	seats := numberList(fields, "seats", req.Seats, plan.MaxSeats)
	if err := fields.Err(); err != nil {
		return err
	}
	who := whoIs(c)
	left, freed, err := h.seating.Unblock(c.Request().Context(), who.staff, who.ip, request.EventOf(c).ID, c.Param("id"), seats)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, unblockResponse{newBlockResponse(left), append([]int{}, freed...)})
}

// whoHas answers GET /admin/events/:event/seats/:n.
func (h *handler) whoHas(c echo.Context) error {
	n, err := strconv.Atoi(c.Param("n"))
	if err != nil {
		return ErrNoSuchSeat
	}
	owner, err := h.seating.WhoHas(c.Request().Context(), request.EventOf(c).ID, n)
	if err != nil {
		return err
	}
	return private(c).JSON(http.StatusOK, newOwnerResponse(owner))
}

type ownerResponse struct {
	seatResponse
	State string         `json:"state"`
	Place string         `json:"place,omitempty"`
	Until clock.Time     `json:"until,omitzero"`
	Order string         `json:"order,omitempty"`
	Block *blockResponse `json:"block,omitempty"`
}

func newOwnerResponse(o Owner) ownerResponse {
	out := ownerResponse{seatResponse: seatResponse{N: o.N, Label: o.Label, Category: o.Category, Price: o.Price},
		State: o.State, Place: o.Place, Until: clock.Time(o.Until), Order: o.Order}
	if o.Block != nil {
		b := newBlockResponse(*o.Block)
		if b.Count > fewSeats {
			b.Seats = nil
		}
		out.Block = &b
	}
	return out
}
