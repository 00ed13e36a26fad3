package jointoken

import "testing"

func TestForms(t *testing.T) {
	ca := []byte("-----BEGIN CERTIFICATE-----\n")
	hash := Hash(ca)
	for text, want := range map[string]Token{
		"secret":                              {Password: "secret"},
		"K10" + hash + "::server:pass:word":   {CAHash: hash, User: "server", Password: "pass:word"},
		"K10::node:p\n":                       {User: "node", Password: "p"},
		"abcdef.0123456789abcdef":             {Bootstrap: "abcdef.0123456789abcdef"},
		Format(ca, "abcdef.0123456789abcdef"): {CAHash: hash, Bootstrap: "abcdef.0123456789abcdef"},
		Format(ca, "server:0123"):             {CAHash: hash, User: "server", Password: "0123"},
	} {
		got, err := Parse(text)
		if err != nil || got != want {
			t.Errorf("%q: %+v %v", text, got, err)
		}
		if err := got.Check(ca); err != nil {
			t.Error(err)
		}
		if err := got.Check([]byte("another")); (err != nil) != (got.CAHash != "") {
			t.Errorf("%q against another CA: %v", text, err)
		}
	}
	for _, text := range []string{"", " \n", "K10abc::server:x", "K10" + hash + "::server", "K10" + hash + "::server:"} {
		if _, err := Parse(text); err == nil {
			t.Errorf("accepted %q", text)
		}
	}
}
