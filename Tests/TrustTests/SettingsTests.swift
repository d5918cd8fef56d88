import Testing

@testable import Trust

@Suite struct SettingsTests {
    private func settings(_ rules: (String, String)...) throws -> TrustSettings {
        var settings = TrustSettings()
        for (pattern, policy) in rules {
            settings.set(RemoteRule(pattern: pattern, policy: try #require(RemotePolicy(policy))))
        }
        return settings
    }

    @Test func theLongestPatternDecides() throws {
        let settings = try settings(
            ("*", "signed"), ("https://git.example.org/*", "none"), ("https://git.example.org/models.git", "reproduced: 2"))
        #expect(settings.policy(for: ["/srv/models.git"]) == .signed(by: []))
        #expect(settings.policy(for: ["https://git.example.org/other"]) == .none)
        #expect(settings.policy(for: ["https://git.example.org/models"]) == .reproduced(2, by: []))
        #expect(TrustSettings().policy(for: ["/srv/models.git"]) == .none)
    }

    @Test(arguments: [
        ("https://git.example.org/a.git", "https://GIT.example.org:443/a/"), ("https://ann@h/a", "https://h/a.git"),
        ("git@h:a/b.git", "ssh://git@h/a/b"), ("h:a/b", "ssh://h:22/a/b.git"), ("file:///srv/a.git", "/srv/a/"),
        ("ssh://ann@h/srv/a", "bob@h:/srv/a.git"), ("http://h:80/a", "HTTP://h/a"), ("/srv/a.git/", "/srv/a"),
        ("https://h:8443/a", "https://h:8443/a.git"),
    ]) func oneRemoteHasOneSpelling(one: String, other: String) {
        #expect(RemoteRule.normal(one) == RemoteRule.normal(other))
        #expect(RemoteRule(pattern: one, policy: .none).fits(other))
    }

    @Test(arguments: [
        ("https://h/a", "http://h/a"), ("https://h/a", "https://h/b"), ("https://h/a", "https://h:444/a"),
        ("https://h/a*", "https://evil/https://h/a"), ("https://h/a", "https://h.evil/a"), ("/srv/a", "/srv/A"),
        ("*/a", "/srv/b"),
    ]) func otherRemotesAreOthers(one: String, other: String) {
        #expect(!RemoteRule(pattern: one, policy: .none).fits(other))
    }

    @Test func policiesAreReadAndNothingElse() {
        #expect(RemotePolicy("none") == RemotePolicy.none)
        #expect(RemotePolicy("signed", by: ["a"]) == .signed(by: ["a"]))
        #expect(RemotePolicy("reproduced:12") == .reproduced(12, by: []))
        for text in ["", "Signed", "reproduced", "reproduced:0", "reproduced:-1", "reproduced:2x", "signed ", "all"] {
            #expect(RemotePolicy(text) == nil)
        }
        #expect(RemotePolicy("none", by: ["a"]) == nil)
    }

    @Test func whatIsWrittenIsRead() throws {
        var settings = try settings(("*", "signed"), ("/srv/models.git", "reproduced:2"))
        settings.set(RemoteRule(pattern: "https://h/a", policy: .signed(by: ["ann@example.org"])))
        settings.allow(SecretPermission(name: "KEY", host: "api.example.org"))
        let read = try TrustSettings(text: settings.text)
        #expect(read == settings)
        #expect(read.policy(for: ["https://h/a.git"]) == .signed(by: ["ann@example.org"]))
    }

    /// What cannot be read must not count as no policy.
    @Test(arguments: [
        "{", "[]", "{\"remotes\": [{\"remote\": \"*\"}]}", "{\"remotes\": [{\"remote\": \"*\", \"policy\": \"singed\"}]}",
        "{\"remote\": []}", "{\"secrets\": [{\"name\": \"KEY\"}]}", "{\"remotes\": {\"*\": \"signed\"}}",
    ]) func settingsThatCannotBeReadAreAnError(text: String) {
        #expect(throws: TrustError.self) { try TrustSettings(text: text) }
    }

    @Test func aSecretIsForOneHost() throws {
        var settings = TrustSettings()
        settings.allow(SecretPermission(name: "KEY", host: "API.example.org"))
        func allows(_ name: String, _ url: String) -> Bool {
            SecretPermission.host(of: url).map { settings.allows(SecretPermission(name: name, host: $0)) } ?? false
        }
        #expect(allows("KEY", "https://api.example.org/v1"))
        #expect(allows("KEY", "https://api.example.org:443/v1"))
        #expect(allows("OPENAI_API_KEY", "https://api.openai.com/v1"))
        for url in [
            "https://api.example.org:8443/v1", "https://api.example.org.evil.net/v1", "https://api.example.org@evil.net/v1",
            "https://evil.net/api.example.org", "https://evil.net\\@api.example.org/v1", "https://evil.net#@api.example.org/",
            "https://api.example.org./v1", "https://xapi.example.org/v1", "https:/api.example.org/v1", "api.example.org",
        ] {
            #expect(!allows("KEY", url), "\(url)")
        }
        #expect(!allows("OTHER", "https://api.example.org/v1"))
        #expect(!allows("OPENAI_API_KEY", "https://api.example.org/v1"))
        let wasAllowed = settings.forbid(SecretPermission(name: "KEY", host: "api.example.org"))
        #expect(wasAllowed)
        #expect(!allows("KEY", "https://api.example.org/v1"))
    }

    @Test func signersAreReadAsOpenSSHReadsThem() throws {
        let text = """
            # people
            ann@example.org,ann@work namespaces="git",valid-before="20270101" ssh-ed25519 AAAA ann's key
              *@example.org cert-authority ecdsa-sha2-nistp256 BBBB

            nothing at all
            """
        let signers = AllowedSigners.read(text)
        #expect(signers.map(\.principals) == ["ann@example.org,ann@work", "*@example.org"])
        #expect(signers[0].options == ["namespaces=\"git\"", "valid-before=\"20270101\""])
        #expect(signers.map(\.key) == ["ssh-ed25519 AAAA", "ecdsa-sha2-nistp256 BBBB"])
        let (rest, removed) = AllowedSigners.removing(from: text) { $0.principals == "*@example.org" }
        #expect(removed.count == 1)
        #expect(AllowedSigners.read(rest) == [signers[0]])
        #expect(rest.contains("# people") && rest.contains("nothing at all"))
        #expect(AllowedSigners.adding(signers[0], to: rest) == rest)
        #expect(AllowedSigners.read(AllowedSigners.adding(signers[1], to: rest)) == signers)
    }
}
