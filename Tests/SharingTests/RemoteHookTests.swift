import Foundation
import HTTP
import TestSupport
import Testing

@testable import Sharing
@testable import Store

/// The hooks of a repository on this machine hold for pushes of Decant as for git's.
@Suite struct RemoteHookTests {
    let fixture: SharingFixture
    let ours: Store
    let remote: URL

    init() throws {
        fixture = try SharingFixture()
        ours = try fixture.store("ours")
        remote = try fixture.bareRepository()
        try fixture.build(in: ours)
    }

    private func push() async throws -> ExchangeSummary {
        try await ours.push([], to: Remote(remote.path, for: ours, use: .sending))
    }

    private func hook(_ name: String, _ script: String, in folder: URL? = nil) throws {
        let file = (folder ?? remote.appending(path: "hooks")).appending(path: name)
        try ProgramRun.makeProgram("#!/bin/sh\n\(script)\n", at: file)
    }

    private func references() throws -> [String] {
        try fixture.git("for-each-ref", "--format=%(refname)", in: remote).split(separator: "\n").map(String.init)
    }

    @Test(arguments: ["pre-receive", "update", "reference-transaction"])
    func aHookThatRefusesStopsThePush(name: String) async throws {
        try hook(name, "echo denied by policy >&2; exit 1")
        let text = await failure { _ = try await push() }
        #expect(text.contains("did not take"))
        #expect(text.contains(name))
        #expect(try references().isEmpty)
    }

    @Test func whatTheHookSaysIsTold() async throws {
        try hook("pre-receive", "printf 'denied by \\033[31mpolicy\\n' >&2; exit 1")
        let text = await failure { _ = try await push() }
        #expect(text.contains("denied by "))
        #expect(!text.contains("\u{1B}"))
    }

    /// One branch is forbidden: no other ref moves, as a pull takes all or nothing.
    @Test func aHookForOneRefStopsAll() async throws {
        try hook("update", "case $1 in refs/heads/*) echo protected >&2; exit 1;; esac")
        let text = await failure { _ = try await push() }
        #expect(text.contains("did not take refs/heads/smart-home"))
        #expect(try references().isEmpty)
    }

    @Test func hooksGetWhatGitGivesThem() async throws {
        let log = fixture.place("log").path
        try hook("pre-receive", "cat > \(log).pre; echo $GIT_QUARANTINE_PATH > \(log).quarantine")
        try hook("update", "echo \"$@\" >> \(log).update")
        try hook("post-receive", "cat > \(log).post; echo deployed")
        let pushed = try await push()
        #expect(pushed.said == ["deployed"])
        let read = { (name: String) in try String(contentsOfFile: log + name, encoding: .utf8) }
        #expect(try read(".pre").contains(/^0{40} [0-9a-f]{40} refs\/heads\/smart-home$/.anchorsMatchLineEndings()))
        #expect(try read(".post") == read(".pre"))
        #expect(try read(".update").contains(/^refs\/heads\/smart-home 0{40} [0-9a-f]{40}$/.anchorsMatchLineEndings()))
        #expect(try read(".quarantine").count > 5)
        // All of it has arrived, and the branch is what a plain clone checks out.
        #expect(try fixture.git("symbolic-ref", "HEAD", in: remote) == "refs/heads/smart-home")
        let theirs = try fixture.store("theirs")
        _ = try await theirs.pull(.everything, from: Remote(remote.path, for: theirs))
        #expect(try fixture.holdsBuild(theirs))
        // The next push moves the branch.
        try fixture.build(in: ours, steps: 5)
        #expect(try await push().changes.contains { $0.name == "refs/heads/smart-home" && $0.step == .forwarded })
    }

    @Test func aFolderThatTheSettingsNameCounts() async throws {
        try hook("pre-receive", "exit 1", in: fixture.place("policies"))
        try fixture.git("config", "core.hooksPath", fixture.place("policies").path, in: remote)
        #expect(await failure { _ = try await push() }.contains("did not take"))
        #expect(try references().isEmpty)
    }

    @Test func whatGitWouldNotRunIsNoHook() async throws {
        try hook("pre-receive.sample", "exit 1")
        try Data("exit 1".utf8).write(to: remote.appending(path: "hooks/pre-receive"))
        #expect(try await push().said.isEmpty)
        #expect(try references().contains("refs/heads/smart-home"))
    }
}
