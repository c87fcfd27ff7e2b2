package app

import (
	_ "embed"
	"encoding/json"
	"fmt"

	"github.com/knadh/koanf/parsers/yaml"
)

//go:embed openapi.yaml
var openapiSource []byte

// contract is the OpenAPI document as JSON, and every problem code it names.
type contract struct {
	document []byte
	codes    map[string]bool
}

// newContract reads openapi.yaml; an error is a mistake in it.
func newContract() (*contract, error) {
	tree, err := yaml.Parser().Unmarshal(openapiSource)
	if err != nil {
		return nil, fmt.Errorf("openapi.yaml: %w", err)
	}
	c := &contract{codes: map[string]bool{}}
	if c.document, err = json.Marshal(tree); err != nil {
		return nil, fmt.Errorf("openapi.yaml: %w", err)
	}
	var doc struct {
		Common []string `json:"x-common-codes"`
		Paths  map[string]map[string]struct {
			Codes []string `json:"x-codes"`
		}
	}
	if err := json.Unmarshal(c.document, &doc); err != nil {
		return nil, fmt.Errorf("openapi.yaml: %w", err)
	}
	for _, code := range doc.Common {
		c.codes[code] = true
	}
	for _, operations := range doc.Paths {
		for _, operation := range operations {
			for _, code := range operation.Codes {
				c.codes[code] = true
			}
		}
	}
	return c, nil
}
