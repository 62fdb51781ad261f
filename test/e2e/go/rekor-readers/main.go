// Command rekor-readers asks a Rekor v1 log what rekor-monitor and slsa-verifier ask of it, and takes the answers with the
// libraries that both are made of. It prints what it found as JSON, or exits with 1 and the first thing that does not hold.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"

	"github.com/sigstore/rekor/pkg/client"
	_ "github.com/sigstore/rekor/pkg/types/hashedrekord/v0.0.1"
	_ "github.com/sigstore/rekor/pkg/types/intoto/v0.0.2"
)

type settings struct {
	url, tuf, root, state, trustedRoot, envelope, digest string
}

func main() {
	s := settings{}
	flag.StringVar(&s.url, "url", "", "the log")
	flag.StringVar(&s.tuf, "tuf", "", "monitor: URL of the TUF repository")
	flag.StringVar(&s.root, "root", "", "monitor: file of its first root")
	flag.StringVar(&s.state, "state", "", "monitor: file of the checkpoint that it saw last")
	flag.StringVar(&s.trustedRoot, "trusted-root", "", "slsa: file of the keys that are trusted")
	flag.StringVar(&s.digest, "digest", "", "slsa: SHA-256 of the artifact, hex")
	flag.StringVar(&s.envelope, "envelope", "", "slsa: file of the envelope, which has the signer's certificate")
	flag.Parse()
	found, err := s.run(context.Background(), flag.Arg(0))
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(found)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "rekor-readers:", err)
		os.Exit(1)
	}
}

func (s settings) run(ctx context.Context, command string) (any, error) {
	rekor, err := client.GetRekorClient(s.url, client.WithRetryCount(0))
	if err != nil {
		return nil, err
	}
	switch command {
	case "monitor":
		return s.monitor(ctx, rekor)
	case "slsa":
		return s.slsa(ctx, rekor)
	}
	return nil, errors.New("say monitor or slsa, after the flags")
}
