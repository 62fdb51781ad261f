package main

import (
	"bytes"
	"context"
	"crypto"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/go-openapi/runtime"
	"github.com/sigstore/rekor/pkg/generated/client"
	"github.com/sigstore/rekor/pkg/generated/client/entries"
	"github.com/sigstore/rekor/pkg/generated/client/index"
	"github.com/sigstore/rekor/pkg/generated/models"
	"github.com/sigstore/rekor/pkg/types"
	"github.com/sigstore/rekor/pkg/types/dsse"
	dsse_v001 "github.com/sigstore/rekor/pkg/types/dsse/v0.0.1"
	"github.com/sigstore/rekor/pkg/types/intoto"
	intoto_v001 "github.com/sigstore/rekor/pkg/types/intoto/v0.0.1"
	"github.com/sigstore/rekor/pkg/verify"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore/pkg/signature"
)

type provenance struct {
	ByDigest   []string `json:"byDigest"`   // IDs of the entries about the artifact, each of them verified
	ByEnvelope string   `json:"byEnvelope"` // ID of the only entry that holds the envelope
	Index      int64    `json:"index"`
}

// slsa looks provenance up both ways: by the artifact's digest, and by proposing the envelope as either kind of entry.
func (s settings) slsa(ctx context.Context, rekor *client.Rekor) (*provenance, error) {
	trusted, err := root.NewTrustedRootFromPath(s.trustedRoot)
	if err != nil {
		return nil, err
	}
	search := index.NewSearchIndexParamsWithContext(ctx).WithQuery(&models.SearchIndex{Hash: "sha256:" + s.digest})
	ids, err := rekor.Index.SearchIndex(search)
	if err != nil {
		return nil, err
	}
	found := &provenance{ByDigest: ids.GetPayload()}
	for _, id := range found.ByDigest {
		if err := verifyByID(ctx, rekor, id, trusted); err != nil {
			return nil, fmt.Errorf("%s: %w", id, err)
		}
	}
	proposals, err := proposalsOf(ctx, s.envelope)
	if err != nil {
		return nil, err
	}
	query := &models.SearchLogQuery{}
	query.SetEntries(proposals)
	answer, err := rekor.Entries.SearchLogQuery(entries.NewSearchLogQueryParamsWithContext(ctx).WithEntry(query))
	if err != nil {
		return nil, err
	}
	if len(answer.GetPayload()) != 1 {
		return nil, fmt.Errorf("%d entries with the envelope", len(answer.GetPayload()))
	}
	for id, entry := range answer.GetPayload()[0] {
		found.ByEnvelope, found.Index = id, *entry.LogIndex
		err = verifyEntry(ctx, entry, trusted)
	}
	return found, err
}

func verifyByID(ctx context.Context, rekor *client.Rekor, id string, trusted *root.TrustedRoot) error {
	answer, err := rekor.Entries.GetLogEntryByUUID(entries.NewGetLogEntryByUUIDParamsWithContext(ctx).WithEntryUUID(id))
	if err != nil {
		return err
	}
	for key, entry := range answer.GetPayload() {
		if key != id {
			return errors.New("another entry than was asked for")
		}
		return verifyEntry(ctx, entry, trusted)
	}
	return errors.New("no entry")
}

// verifyEntry checks promise, proof and checkpoint, and that the body names one certificate.
func verifyEntry(ctx context.Context, entry models.LogEntryAnon, trusted *root.TrustedRoot) error {
	log, known := trusted.RekorLogs()[*entry.LogID]
	if !known {
		return errors.New("not a log of the trusted root")
	}
	verifier, err := signature.LoadVerifier(log.PublicKey, crypto.SHA256)
	if err != nil {
		return err
	}
	if err := verify.VerifyLogEntry(ctx, &entry, verifier); err != nil {
		return err
	}
	parsed, err := parseBody(entry)
	if err != nil {
		return err
	}
	switch kind := parsed.(type) {
	case *intoto_v001.V001Entry:
		_, err = kind.IntotoObj.PublicKey.MarshalText()
	case *dsse_v001.V001Entry:
		_, err = kind.DSSEObj.Signatures[0].Verifier.MarshalText()
	default:
		err = errors.New("an entry of another kind")
	}
	return err
}

func parseBody(entry models.LogEntryAnon) (types.EntryImpl, error) {
	body, err := base64.StdEncoding.DecodeString(entry.Body.(string))
	if err != nil {
		return nil, err
	}
	parsed, err := models.UnmarshalProposedEntry(bytes.NewReader(body), runtime.JSONConsumer())
	if err != nil {
		return nil, err
	}
	return types.UnmarshalEntry(parsed)
}

// proposalsOf reads the certificate where provenance generators put it, beside the signature.
func proposalsOf(ctx context.Context, file string) ([]models.ProposedEntry, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	envelope := struct {
		Signatures []struct {
			Cert string `json:"cert"`
		} `json:"signatures"`
	}{}
	if err := json.Unmarshal(text, &envelope); err != nil || len(envelope.Signatures) != 1 {
		return nil, errors.New("not an envelope with one signature")
	}
	properties := types.ArtifactProperties{ArtifactBytes: text, PublicKeyBytes: [][]byte{[]byte(envelope.Signatures[0].Cert)}}
	proposals := []models.ProposedEntry{}
	for _, kind := range []string{intoto.KIND, dsse.KIND} {
		proposal, err := types.NewProposedEntry(ctx, kind, "0.0.1", properties)
		if err != nil {
			return nil, err
		}
		proposals = append(proposals, proposal)
	}
	return proposals, nil
}
