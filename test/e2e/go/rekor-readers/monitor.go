package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"os"

	"github.com/sigstore/rekor/pkg/generated/client"
	"github.com/sigstore/rekor/pkg/generated/client/entries"
	"github.com/sigstore/rekor/pkg/generated/client/tlog"
	"github.com/sigstore/rekor/pkg/generated/models"
	"github.com/sigstore/rekor/pkg/util"
	"github.com/sigstore/rekor/pkg/verify"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/tuf"
	"github.com/sigstore/sigstore/pkg/signature"
)

const atOnce = 10 // as many as the log gives

type monitored struct {
	Version  uint32              `json:"version"`
	Previous uint64              `json:"previous"`
	Size     uint64              `json:"size"`
	Subjects map[string][]string `json:"subjects"` // by the entry's ID
}

// monitor proves that the log grew from what it was at the last call, and reads what is new.
func (s settings) monitor(ctx context.Context, rekor *client.Rekor) (*monitored, error) {
	trusted, version, err := s.trust()
	if err != nil {
		return nil, err
	}
	answer, err := rekor.Tlog.GetLogInfo(tlog.NewGetLogInfoParamsWithContext(ctx))
	if err != nil {
		return nil, err
	}
	info := answer.GetPayload()
	now, verifier, err := openCheckpoint([]byte(*info.SignedTreeHead), trusted)
	if err != nil {
		return nil, err
	}
	found := &monitored{Version: version, Size: now.Size}
	if saved, err := os.ReadFile(s.state); err == nil {
		before := &util.SignedCheckpoint{}
		if err := before.UnmarshalText(saved); err != nil || !before.Verify(verifier) {
			return nil, errors.New("what was saved is not this log's")
		}
		if err := verify.ProveConsistency(ctx, rekor, before, now, *info.TreeID); err != nil {
			return nil, err
		}
		found.Previous = before.Size
	}
	if found.Subjects, err = subjectsOf(ctx, rekor, int64(found.Previous), int64(now.Size)); err != nil {
		return nil, err
	}
	return found, os.WriteFile(s.state, []byte(*info.SignedTreeHead), 0o644)
}

// trust comes from TUF alone. Of several services at one URL the last one tells the version.
func (s settings) trust() (*root.TrustedRoot, uint32, error) {
	first, err := os.ReadFile(s.root)
	if err != nil {
		return nil, 0, err
	}
	fetcher, err := tuf.New(tuf.DefaultOptions().WithRoot(first).WithRepositoryBaseURL(s.tuf).WithDisableLocalCache())
	if err != nil {
		return nil, 0, err
	}
	trusted, err := root.GetTrustedRoot(fetcher)
	if err != nil {
		return nil, 0, err
	}
	config, err := root.GetSigningConfig(fetcher)
	if err != nil {
		return nil, 0, err
	}
	version := uint32(1)
	for _, service := range config.RekorLogURLs() {
		if service.URL == s.url {
			version = service.MajorAPIVersion
		}
	}
	return trusted, version, nil
}

// openCheckpoint finds the key by the first signature's hint.
func openCheckpoint(text []byte, trusted *root.TrustedRoot) (*util.SignedCheckpoint, signature.Verifier, error) {
	checkpoint := &util.SignedCheckpoint{}
	if err := checkpoint.UnmarshalText(text); err != nil {
		return nil, nil, err
	}
	hint := binary.BigEndian.AppendUint32(nil, checkpoint.Signatures[0].Hash)
	for id, log := range trusted.RekorLogs() {
		key, err := hex.DecodeString(id)
		if err != nil || !bytes.HasPrefix(key, hint) {
			continue
		}
		verifier, err := signature.LoadVerifier(log.PublicKey, log.HashFunc)
		if err == nil && !checkpoint.Verify(verifier) {
			err = errors.New("the checkpoint's signature does not verify")
		}
		return checkpoint, verifier, err
	}
	return nil, nil, errors.New("no trusted log has the checkpoint's key")
}

func subjectsOf(ctx context.Context, rekor *client.Rekor, from, to int64) (map[string][]string, error) {
	found := map[string][]string{}
	for start := from; start < to; start += atOnce {
		query := &models.SearchLogQuery{}
		for index := start; index < min(start+atOnce, to); index++ {
			query.LogIndexes = append(query.LogIndexes, &index)
		}
		answer, err := rekor.Entries.SearchLogQuery(entries.NewSearchLogQueryParamsWithContext(ctx).WithEntry(query))
		if err != nil {
			return nil, err
		}
		if len(answer.GetPayload()) != len(query.LogIndexes) {
			return nil, fmt.Errorf("%d entries of %d", len(answer.GetPayload()), len(query.LogIndexes))
		}
		for _, entries := range answer.GetPayload() {
			for id, entry := range entries {
				if found[id], err = subjects(entry); err != nil {
					return nil, err
				}
			}
		}
	}
	return found, nil
}

func subjects(entry models.LogEntryAnon) ([]string, error) {
	parsed, err := parseBody(entry)
	if err != nil {
		return nil, err
	}
	verifiers, err := parsed.Verifiers()
	if err != nil {
		return nil, err
	}
	named := []string{}
	for _, verifier := range verifiers {
		if _, err := verifier.Identities(); err != nil {
			return nil, err
		}
		named = append(named, verifier.Subjects()...)
	}
	return named, nil
}
