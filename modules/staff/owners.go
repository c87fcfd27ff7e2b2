package staff

import (
	"context"
	"fmt"
	"strings"
)

// Owners are the addresses of those who may do everything, as far as mail can reach them: the account that a first start
// makes has an address of this machine alone.
func (s *Service) Owners(ctx context.Context) ([]string, error) {
	var all []string
	if err := s.store.db.WithContext(ctx).Raw(`SELECT email FROM staff_accounts WHERE role = 'owner' ORDER BY id`).Scan(&all).Error; err != nil {
		return nil, fmt.Errorf("list owners: %w", err)
	}
	var reached []string
	for _, email := range all {
		if !strings.HasSuffix(email, "@localhost") {
			reached = append(reached, email)
		}
	}
	return reached, nil
}
