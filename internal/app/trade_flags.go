package app

import (
	"fmt"
	"net/http"
	"os"

	"github.com/spf13/cobra"

	"github.com/karlquant/quasar/deriv"
	"github.com/karlquant/quasar/trade"
)

// tradeFlags are what a ranker that trades is told.
type tradeFlags struct {
	mode      string // off, or a trade.Mode
	dataDir   string
	derivURL  string
	balance   string // of a paper account that begins
	live      bool
	confirm   string
	adminFile string
	admin     string
	chat      int64
	seed      uint64
	http      *http.Client // to a simulator in memory; nil for the usual one
	sizing    sizingFlags
	risk      riskFlags
}

// tradingOff is the mode in which nothing is traded.
const tradingOff = "off"

func addTradeFlags(cmd *cobra.Command, flags *tradeFlags) {
	f := cmd.Flags()
	f.StringVar(&flags.mode, "trade", tradingOff, "off, paper (our own fills on the venue's quotes), demo (the venue's demo account) or live (real money)")
	f.StringVar(&flags.dataDir, "data-dir", defaultDataDir, "directory of the journals, one for each mode")
	alsoEnv(cmd, "data-dir")
	f.StringVar(&flags.derivURL, "deriv-url", deriv.DefaultURL, "the venue or a simulator: https://HOST, or http://127.0.0.1:PORT")
	alsoEnv(cmd, "deriv-url", deriv.URLEnv)
	f.StringVar(&flags.balance, "paper-balance", "10000", "what a paper account begins with, in USD")
	f.StringVar(&flags.confirm, "confirm-live", "", "the account's id, in place of typing it: for a service that trades live")
	f.StringVar(&flags.adminFile, "admin-token-file", "", "file with the token of those who may halt, resume and flatten over HTTP (or QUASAR_ADMIN_TOKEN)")
	f.Int64Var(&flags.chat, "telegram-chat", 0, "the Telegram chat that is told, and may write /halt, with the bot's token in QUASAR_TELEGRAM_TOKEN; QUASAR_WEBHOOK is posted to as well")
	f.BoolVar(&flags.live, "live", false, "true in the configuration file, and nowhere else, allows --trade live")
	onlyInFile(cmd, "live")
	addSizingFlags(cmd, &flags.sizing)
	addRiskFlags(cmd, &flags.risk)
}

// defaultDataDir is where the journals are, in the directory that it is called in.
const defaultDataDir = "quasar-data"

// check reads what needs no venue.
func (f *tradeFlags) check() (mode trade.Mode, err error) {
	switch mode = trade.Mode(f.mode); {
	case f.mode == tradingOff || f.mode == "":
		return "", nil
	case mode != trade.Paper && mode != trade.Demo && mode != trade.Live:
		return "", misconfigured(fmt.Errorf("trade: got %.20q, want off, paper, demo or live", f.mode))
	}
	if f.admin, err = f.adminToken(); err != nil {
		return "", misconfigured(err)
	}
	if mode == trade.Live {
		err = f.allowLive()
	}
	return mode, err
}

// minAdminToken is how long an admin token has to be, in bytes.
const minAdminToken = 16

func (f *tradeFlags) adminToken() (string, error) {
	token := os.Getenv("QUASAR_ADMIN_TOKEN")
	if f.adminFile != "" {
		text, err := readSecret(f.adminFile)
		if err != nil {
			return "", err
		}
		token = text
	}
	if token != "" && len(token) < minAdminToken {
		return "", fmt.Errorf("admin token: got %d characters, want %d or more", len(token), minAdminToken)
	}
	return token, nil
}

// allowLive wants the first of the two acts: a line in a file. And a place that keeps
// the journal.
func (f *tradeFlags) allowLive() error {
	if !f.live {
		return misconfigured(fmt.Errorf("trade: got live, which is real money; want `live: true` under `rank:` in the file of --config too"))
	}
	if os.Getenv("SPACE_ID") != "" && !onVolume(f.dataDir, mounted()) {
		return misconfigured(fmt.Errorf("trade: got live on a Hugging Face Space and the data directory %s, which does not outlive a restart; want --data-dir on a persistent volume, mounted at /data", f.dataDir))
	}
	return nil
}

// amount reads money of a flag.
func amount(flag, text string) (trade.Money, error) {
	m, err := trade.ParseMoney(text)
	if err == nil && m <= 0 {
		err = fmt.Errorf("got %s, want more than 0", text)
	}
	if err != nil {
		return 0, misconfigured(fmt.Errorf("%s: %w", flag, err))
	}
	return m, nil
}
