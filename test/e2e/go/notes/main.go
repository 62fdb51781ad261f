// Command notes judges what others made and makes what others judge: signed notes, cosignatures, policies and proof files
// of c2sp.org, by golang.org/x/mod/sumdb/note and transparency-dev/formats. It reads one JSON task a line from the file
// that it is given, and prints one answer a line.
package main

import (
	"bufio"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/transparency-dev/formats/log"
	fnote "github.com/transparency-dev/formats/note"
	tproof "github.com/transparency-dev/formats/proof"
	"github.com/transparency-dev/formats/witness"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"
)

// task is a question. Bytes are base64, as encoding/json has them.
type task struct {
	Op     string `json:"op"`
	Log    string `json:"log"`
	Policy []byte `json:"policy"`
	Note   []byte `json:"note"`
	Proof  []byte `json:"proof"`
	Entry  []byte `json:"entry"`
	Vkey   []byte `json:"vkey"`
}

type answer struct {
	OK  bool   `json:"ok"`
	Why string `json:"why,omitempty"`
	*made
}

// made is what make returns: keys, a checkpoint over entries with cosignatures of both kinds, a proof of entry 2.
type made struct {
	Log       string   `json:"log"`
	Witnesses []string `json:"witnesses"`
	Note      []byte   `json:"note"`
	Proof     []byte   `json:"proof"`
	Entry     []byte   `json:"entry"`
}

const origin = "log.example/go"

func main() {
	file, err := os.Open(os.Args[1])
	if err != nil {
		panic(err)
	}
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 16<<20)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for lines.Scan() {
		var t task
		if err := json.Unmarshal(lines.Bytes(), &t); err != nil {
			panic(err)
		}
		if err := json.NewEncoder(out).Encode(t.answer()); err != nil {
			panic(err)
		}
	}
	if err := lines.Err(); err != nil {
		panic(err)
	}
}

func (t *task) answer() answer {
	var err error
	switch t.Op {
	case "open":
		_, err = t.open(t.Note)
	case "proof":
		err = t.prove()
	case "policy":
		_, err = witness.ParsePolicy(t.Policy)
	case "vkey":
		_, err = fnote.NewVerifier(string(t.Vkey))
	case "make":
		m, err := makeAll()
		if err != nil {
			panic(err)
		}
		return answer{OK: true, made: m}
	default:
		panic(t.Op)
	}
	if err != nil {
		return answer{Why: err.Error()}
	}
	return answer{OK: true}
}

// open takes a checkpoint that the log signed and enough witnesses cosigned.
func (t *task) open(checkpoint []byte) (*log.Checkpoint, error) {
	v, err := fnote.NewVerifier(t.Log)
	if err != nil {
		return nil, err
	}
	c, _, _, err := log.ParseCheckpoint(checkpoint, v.Name(), v)
	if err != nil {
		return nil, err
	}
	group, err := witness.ParsePolicy(t.Policy)
	if err != nil {
		return nil, err
	}
	if !group.Satisfied(checkpoint) {
		return nil, errors.New("not satisfied")
	}
	return c, nil
}

func (t *task) prove() error {
	var p tproof.TLogProof
	if err := p.Unmarshal(t.Proof); err != nil {
		return err
	}
	c, err := t.open(p.Checkpoint)
	if err != nil {
		return err
	}
	path := make([][]byte, len(p.Hashes))
	for i := range p.Hashes {
		path[i] = p.Hashes[i][:]
	}
	return proof.VerifyInclusion(rfc6962.DefaultHasher, p.Index, c.Size, rfc6962.DefaultHasher.HashLeaf(t.Entry), path, c.Hash)
}

// makeAll makes a tree of four, which is two hashes on each side of every leaf.
func makeAll() (*made, error) {
	h := rfc6962.DefaultHasher
	entries := [][]byte{[]byte("one"), []byte("two"), []byte("three"), {}}
	leaves := make([][]byte, len(entries))
	for i, e := range entries {
		leaves[i] = h.HashLeaf(e)
	}
	left := h.HashChildren(leaves[0], leaves[1])
	c := log.Checkpoint{Origin: origin, Size: 4, Hash: h.HashChildren(left, h.HashChildren(leaves[2], leaves[3]))}
	signers, vkeys, err := newSigners()
	if err != nil {
		return nil, err
	}
	signed, err := note.Sign(&note.Note{Text: string(c.Marshal())}, signers...)
	if err != nil {
		return nil, err
	}
	p := tproof.TLogProof{Index: 2, Hashes: [][32]byte{[32]byte(leaves[3]), [32]byte(left)}, Checkpoint: signed, ExtraData: []byte("x")}
	return &made{Log: vkeys[0], Witnesses: vkeys[1:], Note: signed, Proof: p.Marshal(), Entry: entries[2]}, nil
}

// newSigners are a log, a witness with Ed25519 and one with ML-DSA-44.
func newSigners() ([]note.Signer, []string, error) {
	skey, vkey, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		return nil, nil, err
	}
	own, err := note.NewSigner(skey)
	if err != nil {
		return nil, nil, err
	}
	wskey, wvkey, err := note.GenerateKey(rand.Reader, "w1.example/go")
	if err != nil {
		return nil, nil, err
	}
	cosigned, err := fnote.VKeyToCosignatureV1(wvkey)
	if err != nil {
		return nil, nil, err
	}
	pskey, pvkey, err := fnote.GenerateMLDSAKey("w2.example/go")
	if err != nil {
		return nil, nil, err
	}
	signers := []note.Signer{own}
	for _, key := range []string{wskey, pskey} {
		s, err := fnote.NewSignerForCosignatureV1(key)
		if err != nil {
			return nil, nil, fmt.Errorf("a witness: %w", err)
		}
		signers = append(signers, s)
	}
	return signers, []string{vkey, cosigned, pvkey}, nil
}
