package tokenmint

import "context"

// flow runs an operation and reads its output.
func flow[T any](ctx context.Context, i *Issuer, store Store, name string, input any) (*T, error) {
	output := new(T)
	if err := i.operate(ctx, store, name, input, output); err != nil {
		return nil, err
	}
	return output, nil
}
