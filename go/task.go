package tokenmint

// #include "native.h"
import "C"

import (
	"context"
	"encoding/json"
	"errors"
)

// run drives a task to its end and frees it. What the store or a key answers goes to the library, which decides.
func (h *host) run(ctx context.Context, status C.int32_t, task *C.tokenmint_task, e *C.tokenmint_error,
	store Store, signers map[signerName]*signer) ([]byte, error) {
	if status != 0 {
		return nil, failure(e)
	}
	defer C.tokenmint_task_free(task)
	if d, own := store.(*Database); own && len(signers) == 0 {
		return h.runOn(ctx, task, d)
	}
	var reply []byte
	var cause error
	for {
		var made C.tokenmint_bytes
		p, n := optional(view(reply))
		collect()
		if C.tokenmint_task_step(task, p, n, &made, e) != 0 {
			return nil, failure(e)
		}
		if made.data == nil {
			return h.finish(ctx, task, cause)
		}
		command, err := parseCommand(take(&made))
		if err != nil {
			return nil, err
		}
		// Between two commands the store is in a whole state: here a flow may be given up.
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		var answer wireReply
		answer, cause = answerTo(ctx, command, store, signers)
		if reply, err = json.Marshal(answer); err != nil {
			return nil, err
		}
	}
}

// answerTo carries out a command; beside the reply, the error that it tells of.
func answerTo(ctx context.Context, command *wireCommand, store Store, signers map[signerName]*signer) (wireReply, error) {
	if command.Command == "sign" {
		signer, known := signers[signerName{command.KeyID, command.Algorithm}]
		if !known {
			return failedReply(ErrStoreUnavailable), ErrKeyMissing
		}
		signature, err := signer.sign(command.Message)
		if err != nil {
			return failedReply(ErrStoreUnavailable), err
		}
		return wireReply{Reply: "signed", Signature: signature}, nil
	}
	asked := command.forStore()
	if asked == nil || store == nil {
		return failedReply(ErrStoreUnavailable), errors.New("tokenmint: there is no store for " + command.Command)
	}
	reply, err := store.Execute(ctx, asked)
	if err == nil && reply == nil {
		err = errors.New("tokenmint: the store gave neither a reply nor an error")
	}
	if err != nil {
		return failedReply(err), err
	}
	return reply.reply(), nil
}

// finish tells the events of a finished task and gives its result.
func (h *host) finish(ctx context.Context, task *C.tokenmint_task, cause error) ([]byte, error) {
	var e C.tokenmint_error
	if h.tell != nil {
		var made C.tokenmint_bytes
		told, err := taken(C.tokenmint_task_events(task, &made, &e), &made, &e)
		if err != nil {
			return nil, err
		}
		var events []Event
		if err := json.Unmarshal(told, &events); err != nil {
			return nil, err
		}
		for _, event := range events {
			h.tell(ctx, event)
		}
	}
	var made C.tokenmint_bytes
	result, err := taken(C.tokenmint_task_result(task, &made, &e), &made, &e)
	if failed, ok := err.(*Error); ok {
		failed.cause = cause
	}
	return result, err
}

// operate runs a flow by its name.
func (i *Issuer) operate(ctx context.Context, store Store, name string, input, output any) error {
	asked, err := json.Marshal(input)
	if err != nil {
		return refused(ErrInvalidRequest, "", err)
	}
	drawn, err := i.host.seed()
	if err != nil {
		return err
	}
	var task *C.tokenmint_task
	var e C.tokenmint_error
	op, opLength := text(name)
	in, inLength := text(view(asked))
	now := C.int64_t(i.host.now().UnixMicro())
	pointer, err := i.enter()
	if err != nil {
		return err
	}
	status := C.tokenmint_issuer_operation((*C.tokenmint_issuer)(pointer), op, opLength, in, inLength, now,
		drawn.c(), &task, &e)
	// The task keeps what it needs of the issuer.
	i.leave()
	result, err := i.host.run(ctx, status, task, &e, store, i.signers)
	if err != nil || output == nil {
		return err
	}
	return json.Unmarshal(result, output)
}
