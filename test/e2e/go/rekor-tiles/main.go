// Command rekor-tiles talks to a Rekor v2 server with the client library of sigstore/rekor-tiles and lets that library
// judge every answer. It exits with 1 and one line of text at the first thing that does not hold.
package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"flag"
	"fmt"
	"os"

	common "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	rekor "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"
	"github.com/sigstore/rekor-tiles/v2/pkg/client/read"
	"github.com/sigstore/rekor-tiles/v2/pkg/client/write"
	pb "github.com/sigstore/rekor-tiles/v2/pkg/generated/protobuf"
	rekornote "github.com/sigstore/rekor-tiles/v2/pkg/note"
	"github.com/sigstore/rekor-tiles/v2/pkg/verify"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/api/layout"
	"github.com/transparency-dev/tessera/client"
	"golang.org/x/mod/sumdb/note"
)

type judge struct {
	writer   write.Client
	reader   read.Client
	verifier note.Verifier
	logID    []byte
	signer   *ecdsa.PrivateKey
	spki     []byte
}

func main() {
	writeURL := flag.String("url", "", "where entries are written: URL/api/v2/log/entries")
	readURL := flag.String("read-url", "", "where URL/checkpoint and URL/tile/ are read (default: as -url)")
	origin := flag.String("origin", "", "the log's origin")
	keyFile := flag.String("key", "", "file of the log's public key, SPKI in PEM")
	count := flag.Int("n", 20, "how many entries to add")
	flag.Parse()
	if *readURL == "" {
		*readURL = *writeURL
	}
	j, err := newJudge(*writeURL, *readURL, *origin, *keyFile)
	if err == nil {
		err = j.run(context.Background(), *count)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "rekor-tiles:", err)
		os.Exit(1)
	}
}

func newJudge(writeURL, readURL, origin, keyFile string) (*judge, error) {
	pem, err := os.ReadFile(keyFile)
	if err != nil {
		return nil, err
	}
	public, err := cryptoutils.UnmarshalPEMToPublicKey(pem)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", keyFile, err)
	}
	logKey, err := signature.LoadVerifier(public, crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", keyFile, err)
	}
	j := &judge{}
	if j.verifier, err = rekornote.NewNoteVerifier(origin, logKey); err != nil {
		return nil, err
	}
	if _, j.logID, err = rekornote.KeyHash(origin, public); err != nil {
		return nil, err
	}
	if j.writer, err = write.NewWriter(writeURL); err != nil {
		return nil, err
	}
	if j.reader, err = read.NewReader(readURL, origin, logKey); err != nil {
		return nil, err
	}
	if j.signer, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, err
	}
	j.spki, err = x509.MarshalPKIXPublicKey(&j.signer.PublicKey)
	return j, err
}

func (j *judge) run(ctx context.Context, count int) error {
	entries := make([]*rekor.TransparencyLogEntry, 0, count)
	for range count {
		entry, err := j.add(ctx)
		if err != nil {
			return fmt.Errorf("entry %d of %d: %w", len(entries)+1, count, err)
		}
		entries = append(entries, entry)
	}
	cp, _, err := j.reader.ReadCheckpoint(ctx)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if err := j.checkStored(ctx, cp, entry); err != nil {
			return fmt.Errorf("index %d, read back in the tree of %d: %w", entry.LogIndex, cp.Size, err)
		}
	}
	if err := j.checkHistory(ctx, cp, entries); err != nil {
		return err
	}
	fmt.Printf("%d entries added, verified and read back; the tree has %d\n", count, cp.Size)
	return nil
}

// add logs one random artifact and verifies the receipt with the library's own verifier.
func (j *judge) add(ctx context.Context) (*rekor.TransparencyLogEntry, error) {
	artifact := make([]byte, 64)
	if _, err := rand.Read(artifact); err != nil {
		return nil, err
	}
	digest := sha256.Sum256(artifact)
	sig, err := ecdsa.SignASN1(rand.Reader, j.signer, digest[:])
	if err != nil {
		return nil, err
	}
	entry, err := j.writer.Add(ctx, &pb.HashedRekordRequestV002{
		Digest: digest[:],
		Signature: &pb.Signature{Content: sig, Verifier: &pb.Verifier{
			Verifier:   &pb.Verifier_PublicKey{PublicKey: &pb.PublicKey{RawBytes: j.spki}},
			KeyDetails: common.PublicKeyDetails_PKIX_ECDSA_P256_SHA_256,
		}},
	})
	if err != nil {
		return nil, err
	}
	if err := verify.VerifyLogEntry(entry, j.verifier); err != nil {
		return nil, err
	}
	return entry, j.checkFields(entry, digest[:], sig)
}

// checkFields holds the rest of the receipt, which no proof covers, against what was sent and what Rekor v2 answers.
func (j *judge) checkFields(entry *rekor.TransparencyLogEntry, digest, sig []byte) error {
	want := canonicalBody(digest, sig, j.spki)
	proof := entry.GetInclusionProof()
	cp, err := verify.VerifyCheckpoint(proof.GetCheckpoint().GetEnvelope(), j.verifier)
	switch {
	case err != nil:
		return err
	case !bytes.Equal(entry.CanonicalizedBody, want):
		return fmt.Errorf("canonicalizedBody is\n%s\nwant\n%s", entry.CanonicalizedBody, want)
	case entry.GetKindVersion().GetKind() != "hashedrekord" || entry.GetKindVersion().GetVersion() != "0.0.2":
		return fmt.Errorf("kindVersion is %v", entry.KindVersion)
	case !bytes.Equal(entry.GetLogId().GetKeyId(), j.logID):
		return fmt.Errorf("logId is %x, want %x", entry.GetLogId().GetKeyId(), j.logID)
	case entry.IntegratedTime != 0 || entry.InclusionPromise != nil:
		return fmt.Errorf("integratedTime %d, inclusionPromise %v: v2 has neither", entry.IntegratedTime, entry.InclusionPromise)
	case proof.LogIndex != entry.LogIndex:
		return fmt.Errorf("logIndex is %d, in the proof %d", entry.LogIndex, proof.LogIndex)
	case uint64(proof.TreeSize) != cp.Size || !bytes.Equal(proof.RootHash, cp.Hash):
		return fmt.Errorf("the proof names tree %d %x, its checkpoint %d %x", proof.TreeSize, proof.RootHash, cp.Size, cp.Hash)
	}
	flipped := &rekor.TransparencyLogEntry{LogIndex: entry.LogIndex, InclusionProof: proof, CanonicalizedBody: bytes.Clone(want)}
	flipped.CanonicalizedBody[len(want)/2] ^= 1
	if verify.VerifyLogEntry(flipped, j.verifier) == nil {
		return fmt.Errorf("index %d: the verifier accepts another body", entry.LogIndex)
	}
	return nil
}

// checkStored finds the entry in its bundle and its hash in its tile, and proves it from tiles alone.
func (j *judge) checkStored(ctx context.Context, cp *log.Checkpoint, entry *rekor.TransparencyLogEntry) error {
	index := uint64(entry.LogIndex)
	at, leaf := index%layout.EntryBundleWidth, rfc6962.DefaultHasher.HashLeaf(entry.CanonicalizedBody)
	bundle, err := client.GetEntryBundle(ctx, j.reader.ReadEntryBundle, index/layout.EntryBundleWidth, cp.Size)
	if err != nil {
		return err
	}
	if uint64(len(bundle.Entries)) <= at || !bytes.Equal(bundle.Entries[at], entry.CanonicalizedBody) {
		return fmt.Errorf("its bundle of %d entries holds another body", len(bundle.Entries))
	}
	raw, err := j.reader.ReadTile(ctx, 0, index/layout.TileWidth, layout.PartialTileSize(0, index/layout.TileWidth, cp.Size))
	if err != nil {
		return err
	}
	tile := api.HashTile{}
	if err := tile.UnmarshalText(raw); err != nil {
		return err
	}
	if uint64(len(tile.Nodes)) <= at || !bytes.Equal(tile.Nodes[at], leaf) {
		return fmt.Errorf("its tile of %d hashes holds another hash", len(tile.Nodes))
	}
	builder, err := client.NewProofBuilder(ctx, cp.Size, j.reader.ReadTile)
	if err != nil {
		return err
	}
	path, err := builder.InclusionProof(ctx, index)
	if err != nil {
		return err
	}
	return verify.VerifyInclusionProof(&rekor.TransparencyLogEntry{
		LogIndex:          entry.LogIndex,
		InclusionProof:    &rekor.InclusionProof{Hashes: path},
		CanonicalizedBody: entry.CanonicalizedBody,
	}, cp)
}

// checkHistory proves from tiles that every checkpoint that was handed out is a prefix of the next one.
func (j *judge) checkHistory(ctx context.Context, last *log.Checkpoint, entries []*rekor.TransparencyLogEntry) error {
	for i := 1; i < len(entries); i++ {
		older := entries[i-1].InclusionProof.Checkpoint.Envelope
		newer := entries[i].InclusionProof.Checkpoint.Envelope
		from, to := uint64(entries[i-1].InclusionProof.TreeSize), uint64(entries[i].InclusionProof.TreeSize)
		if from > to || to > last.Size {
			return fmt.Errorf("checkpoints of %d, %d and %d entries, in this order", from, to, last.Size)
		}
		builder, err := client.NewProofBuilder(ctx, last.Size, j.reader.ReadTile)
		if err != nil {
			return err
		}
		path, err := builder.ConsistencyProof(ctx, from, to)
		if err != nil {
			return fmt.Errorf("consistency of %d and %d: %w", from, to, err)
		}
		if err := verify.VerifyConsistencyProofWithCheckpoints(path, older, newer, j.verifier); err != nil {
			return fmt.Errorf("consistency of %d and %d: %w", from, to, err)
		}
	}
	return nil
}
