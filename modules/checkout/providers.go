package checkout

import (
	"errors"
	"fmt"
	"time"

	"fairseat/modules/checkout/provider"
)

// errNoProvider says that nobody is configured who could be asked about a payment. It is like a processor that is silent:
// the payment waits, the sale goes on, and everything is made up for once the configuration names the provider again.
var errNoProvider = errors.New("the payment's provider is not configured")

// providerOf is who has a payment, by the name that the payment carries; errNoProvider.
func (s *Service) providerOf(name string) (provider.Provider, error) {
	for _, p := range s.Providers {
		if p.Name() == name {
			return p, nil
		}
	}
	return nil, fmt.Errorf("%w: %s", errNoProvider, name)
}

// Configured tells whether a provider can be asked.
func (s *Service) Configured(name string) bool {
	_, err := s.providerOf(name)
	return err == nil
}

// usual is who takes a payment unless the buyer chose otherwise.
func (s *Service) usual() provider.Provider { return s.Providers[0] }

// Health is how the provider of that name does, "" being the usual one. One that is not configured is away for good.
func (s *Service) Health(name string) provider.Health {
	if name == "" {
		return s.usual().Health()
	}
	p, err := s.providerOf(name)
	if err != nil {
		return provider.Health{Down: true, Retry: time.Minute}
	}
	return p.Health()
}

// WorstHealth is of the provider that does worst: whom fans wait for.
func (s *Service) WorstHealth() provider.Health {
	worst := s.usual().Health()
	for _, p := range s.Providers[1:] {
		if h := p.Health(); h.Down && !worst.Down || h.Down == worst.Down && h.Trend > worst.Trend {
			worst = h
		}
	}
	return worst
}
