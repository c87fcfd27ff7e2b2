package seating

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"

	"fairseat/app/fault"
	"fairseat/app/request"
	"fairseat/modules/seating/plan"
)

// ErrNoSuchPlan answers for a plan that was never uploaded.
var ErrNoSuchPlan = fault.New(fault.NotFound, "no-such-plan", "There is no such seat plan.")

// AllEvents lists every event there ever was, the next to open first.
func (s *Service) AllEvents(ctx context.Context) ([]*Event, error) { return s.listEvents(ctx, "") }

// CreateEvent publishes an event; settings is the body of POST /admin/events, and refused as it would be there.
func (s *Service) CreateEvent(ctx context.Context, who request.Staff, ip string, settings json.RawMessage) (*Event, error) {
	var r eventRequest
	if err := strict(settings, &r); err != nil {
		return nil, fmt.Errorf("settings of a new event: %w", err)
	}
	return s.createEvent(ctx, by{who, ip}, &r)
}

// CheckEvent says all that CreateEvent would refuse in the settings, and makes nothing.
func (s *Service) CheckEvent(ctx context.Context, settings json.RawMessage) error {
	var r eventRequest
	if err := strict(settings, &r); err != nil {
		return fmt.Errorf("settings of a new event: %w", err)
	}
	_, _, _, err := s.prepare(ctx, &r)
	return err
}

// ChangeEvent changes the named settings, or none of them; settings is the body of PATCH /admin/events/{event}.
func (s *Service) ChangeEvent(ctx context.Context, who request.Staff, ip string, id int64, settings json.RawMessage) (*Event, error) {
	var r eventRequest
	if err := strict(settings, &r); err != nil {
		return nil, fmt.Errorf("settings of event %d: %w", id, err)
	}
	return s.patchEvent(ctx, by{who, ip}, id, &r)
}

// UploadPlan is ImportPlan by somebody, who stands in the log; name is what the plan is called if the file does not say.
func (s *Service) UploadPlan(ctx context.Context, who request.Staff, ip string, file io.Reader, name string) (*ImportedPlan, error) {
	return s.importPlan(ctx, by{who, ip}, file, plan.Options{Name: name})
}

// KnownPlan is a plan in a list.
type KnownPlan struct {
	ID        string
	Name      string
	Seats     int
	CreatedAt time.Time
}

// Plans lists the plans, the newest first.
func (s *Service) Plans(ctx context.Context) ([]KnownPlan, error) {
	rows, err := s.listPlans(ctx)
	if err != nil {
		return nil, err
	}
	plans := make([]KnownPlan, len(rows))
	for i, r := range rows {
		plans[i] = KnownPlan{ID: strconv.FormatInt(r.ID, 10), Name: r.Name, Seats: r.Seats, CreatedAt: r.CreatedAt}
	}
	return plans, nil
}

// PlanAsImported is a plan by its id, with what its import found; ErrNoSuchPlan.
func (s *Service) PlanAsImported(ctx context.Context, id string) (name string, made *ImportedPlan, err error) {
	n, room, err := s.planRoom(ctx, id)
	if err != nil {
		return "", nil, err
	}
	var reports []string
	if err := s.DB.WithContext(ctx).Raw(`SELECT report::text FROM plans WHERE id = ?`, n).Scan(&reports).Error; err != nil {
		return "", nil, fmt.Errorf("read report of plan %d: %w", n, err)
	}
	report := new(plan.Report)
	for _, text := range reports {
		if err := json.Unmarshal([]byte(text), report); err != nil {
			return "", nil, fmt.Errorf("report of plan %d: %w", n, err)
		}
	}
	made = room.imported(report)
	made.ID = id
	return room.plan.Name, made, nil
}

// PlanPicture is a plan drawn small, as SVG; ErrNoSuchPlan.
func (s *Service) PlanPicture(ctx context.Context, id string) ([]byte, error) {
	_, room, err := s.planRoom(ctx, id)
	if err != nil {
		return nil, err
	}
	return plan.Picture(room.plan), nil
}

// ExportPlan is a plan in pretix's JSON, and its name; ErrNoSuchPlan.
func (s *Service) ExportPlan(ctx context.Context, id string) (name string, file []byte, err error) {
	_, room, err := s.planRoom(ctx, id)
	if err != nil {
		return "", nil, err
	}
	return room.plan.Name, plan.ExportPretix(room.plan), nil
}

func (s *Service) planRoom(ctx context.Context, id string) (int64, *room, error) {
	n, err := planID(id)
	if err != nil {
		return 0, nil, ErrNoSuchPlan
	}
	room, err := s.room(ctx, n)
	return n, room, err
}
