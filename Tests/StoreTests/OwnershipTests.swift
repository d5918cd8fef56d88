import Foundation
import TestSupport
import Testing

@testable import Store

/// Whose a repository is, and who is trusted: git's rule.
@Suite struct OwnershipTests {
    private static let isRoot = geteuid() == 0

    @Test(arguments: [
        (["*"], true), ([], false), (["/srv/models.git"], true), (["/srv/models.git/"], true), (["/srv/*"], true),
        (["/srv/other.git"], false), (["/srv"], false), (["/srv/models.git/*"], false), (["*", ""], false), (["", "*"], true),
        (["/srv/mod*"], false), (["~/models.git"], false),
    ])
    func settingsNameSafePlaces(values: [String], isSafe: Bool) {
        #expect(Ownership.isSafe("/srv/models.git", among: values, home: "/h/me") == isSafe)
    }

    @Test func aHomeMayBeMeantByATilde() {
        #expect(Ownership.isSafe("/h/me/models.git", among: ["~/models.git"], home: "/h/me"))
        #expect(Ownership.isSafe("/h/me/a/models.git", among: ["~/*"], home: "/h/me"))
    }

    @Test(.enabled(if: isRoot, "only root can give a repository to somebody else"))
    func aRepositoryOfSomebodyElseIsNamedWithTheCommandThatTrustsIt() throws {
        let place = TemporaryFolder()
        try ProgramRun.output(of: ["git", "init", "--quiet", "--bare", place.file("a b.git").path])
        chown(place.file("a b.git").path, 4001, 5000)
        let path = place.file("a b.git").path
        let check = { (environment: [String: String]) throws(StoreError) in
            try Ownership.check(gitFolder: path + "/", workTree: nil, environment: environment)
        }
        let error = #expect(throws: StoreError.self) { try check(["HOME": place.url.path]) }
        #expect(
            error?.description.contains("belongs to user 4001") == true || error?.description.contains("(user 4001)") == true)
        #expect(error?.description.hasSuffix("git config --global --add safe.directory '\(path)'") == true)

        // The very command helps, and so do git's other ways to say it.
        try ProgramRun.output(
            of: ["sh", "-c", "git config --global --add safe.directory '\(path)'"],
            environment: ["HOME": place.url.path, "PATH": "/usr/bin:/bin"])
        try check(["HOME": place.url.path])
        try check([
            "HOME": "/nonexistent", "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*",
        ])
        try check(["HOME": "/nonexistent", "GIT_CONFIG_GLOBAL": place.file(".gitconfig").path])
        try check(["HOME": "/nonexistent", "SUDO_UID": "4001"])
        #expect(throws: StoreError.self) { try check(["HOME": "/nonexistent", "SUDO_UID": "4002"]) }
        // A repository does not vouch for itself.
        try ProgramRun.output(of: ["git", "config", "--file", path + "/config", "safe.directory", "*"])
        #expect(throws: StoreError.self) { try check(["HOME": "/nonexistent"]) }
    }

    @Test(.enabled(if: isRoot, "only root can make a file that it may not read, for somebody else"))
    func settingsThatCannotBeReadAreNone() throws {
        let place = TemporaryFolder()
        try place.write("[user]\n\tname = x\n", to: ".gitconfig")
        let configuration = GitConfiguration(environment: ["HOME": place.url.path])
        #expect(configuration.value("user.name") == "x")
        #expect(GitConfiguration(environment: ["HOME": place.file("nowhere").path]).value("user.name") == nil)
    }
}

/// Git's settings, in git's order.
@Suite struct GitConfigurationTests {
    @Test func laterSettingsHoldAndSeveralAreAllThere() throws {
        let place = TemporaryFolder()
        try place.write("[http]\n\tproxy = system\n[core]\n\tbare\n", to: "system")
        try place.write("[http]\n\tproxy = person\n[safe]\n\tdirectory = /a\n", to: "home/.config/git/config")
        try place.write(
            "[safe]\n\tdirectory = /b\n[http \"https://H.example.com/A\"]\n\tSslCaInfo = f\n[include]\n\tpath = more\n",
            to: "home/.gitconfig")
        try place.write("[user]\n\tname = included\n", to: "home/more")
        try place.write("[http]\n\tproxy = repository\n", to: "repository/config")
        let environment = [
            "HOME": place.file("home").path, "GIT_CONFIG_SYSTEM": place.file("system").path, "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "URL.https://A/.insteadOf", "GIT_CONFIG_VALUE_0": "b:",
        ]
        let person = GitConfiguration(environment: environment)
        #expect(person.value("http.proxy") == "person")
        #expect(person.values("safe.directory") == ["/a", "/b"])
        #expect(person.value("user.name") == "included")
        #expect(GitConfiguration.isTrue(person.value("core.bare")))
        #expect(person.values(section: "http", key: "sslcainfo").map(\.middle) == ["https://H.example.com/A"])
        #expect(person.values(section: "url", key: "insteadof").map(\.middle) == ["https://A/"])
        let all = GitConfiguration(environment: environment, repository: place.file("repository"))
        #expect(all.value("http.proxy") == "repository")
        let without = GitConfiguration(environment: environment.merging(["GIT_CONFIG_NOSYSTEM": "1"]) { $1 })
        #expect(without.value("core.bare") == nil)
        let other = GitConfiguration(environment: environment.merging(["GIT_CONFIG_GLOBAL": "/dev/null"]) { $1 })
        #expect(other.value("http.proxy") == "system")
    }
}

/// Who made a build, as the environment says it.
@Suite struct GitSignatureTests {
    private let base = GitSignature(name: "n", email: "e", time: Date(timeIntervalSince1970: 0), offset: 60)

    @Test func theEnvironmentSaysMoreThanTheSettings() {
        let environment = [
            "GIT_AUTHOR_NAME": "A <bot>", "GIT_AUTHOR_EMAIL": "a@x", "GIT_AUTHOR_DATE": "@1700000000 -0130",
            "GIT_COMMITTER_NAME": "C", "GIT_COMMITTER_EMAIL": "",
        ]
        let author = base.overridden(by: environment, as: .author)
        #expect(
            author == GitSignature(name: "A bot", email: "a@x", time: Date(timeIntervalSince1970: 1_700_000_000), offset: -90))
        let committer = base.overridden(by: environment, as: .committer)
        #expect(committer == GitSignature(name: "C", email: "e", time: base.time, offset: 60))
    }

    @Test(arguments: [
        "1700000000 +0000", "@1700000000", "2023-11-14T22:13:20Z", "2023-11-14T23:13:20+01:00", "2023-11-14 22:13:20 +0000",
        "Tue, 14 Nov 2023 22:13:20 +0000",
    ])
    func datesAreReadInGitsForms(text: String) {
        #expect(GitSignature.date(text)?.time.timeIntervalSince1970 == 1_700_000_000)
    }

    @Test(arguments: ["", "yesterday", "12.1.2020", "@x", "1700000000 +01"])
    func otherTextsAreNoDates(text: String) { #expect(GitSignature.date(text) == nil) }
}
