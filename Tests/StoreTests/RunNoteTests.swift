import BuildModel
import Foundation
import Testing

@testable import Store

/// Notes on runs, and where they lie in git.
@Suite struct RunNoteTests {
    private let fixture: StoreFixture

    init() throws { fixture = try StoreFixture() }

    private static let notes = "refs/notes/decant/runs"

    /// Records an action and notes a run of so many seconds.
    @discardableResult
    private func noteRun(_ number: Int, seconds: Double = 1) throws -> CommitID {
        let artifact = try fixture.artifact(["out.txt": Data("\(number)".utf8)])
        let action = Action(
            kind: "test", revision: 1, parameters: ["number": .integer(Int64(number))], inputs: [], numerics: .portable)
        let commit = try fixture.store.record(action, parents: [], artifact: artifact)
        try fixture.store.noteRun(
            RunNote(host: "h", started: Date(timeIntervalSince1970: 1_700_000_000), seconds: seconds), of: action,
            commit: commit)
        return commit
    }

    /// Paths of all notes.
    private func paths() throws -> [String] {
        try fixture.run("git", "ls-tree", "-r", "--name-only", Self.notes, in: fixture.repository)
            .split(separator: "\n").map(String.init)
    }

    private func noted(_ commit: CommitID) throws -> Double? { try fixture.store.run(of: commit)?.seconds }

    @Test func aNoteIsReadBack() throws {
        let pair = try fixture.recordPair()
        let record = try #require(try fixture.store.stageCommit(pair.model.hex))
        let note = RunNote(host: "h", started: Date(timeIntervalSince1970: 1_700_000_000), seconds: 1.5)
        try fixture.store.noteRun(note, of: record.action, commit: pair.model)
        #expect(try fixture.store.run(of: pair.model) == note)
        #expect(try fixture.store.run(of: pair.data) == nil)
    }

    @Test func aLaterRunsNoteReplacesTheFirst() throws {
        let commit = try noteRun(1, seconds: 5)
        try noteRun(1, seconds: 3)
        #expect(try noted(commit) == 3)
        #expect(try paths().count == 1)
    }

    /// Else every note would write all the others once more.
    @Test func aNoteChangesOneFolder() throws {
        let commits = try (0..<40).map { try noteRun($0, seconds: Double($0)) }
        let found = try paths()
        #expect(Set(found) == Set(commits.map { "\($0.hex.prefix(2))/\($0.hex.dropFirst(2))" }))
        let changed = try fixture.run(
            "git", "diff-tree", "-r", "--name-only", "\(Self.notes)~1", Self.notes, in: fixture.repository)
        #expect(changed.split(separator: "\n").count == 1)
        for (number, commit) in commits.enumerated() { #expect(try noted(commit) == Double(number)) }
    }

    @Test func gitShowsThem() throws {
        let commits = try (0..<5).map { try noteRun($0) }
        let listed = try fixture.run("git", "notes", "--ref=decant/runs", "list", in: fixture.repository)
        #expect(Set(listed.split(separator: "\n").map { $0.split(separator: " ")[1] }) == Set(commits.map { $0.hex[...] }))
        let shown = try fixture.run("git", "notes", "--ref=decant/runs", "show", commits[2].hex, in: fixture.repository)
        #expect(shown.contains("\"seconds\": 1"))
    }

    /// `git notes` puts few notes side by side; the next note of a run puts them back into folders, and loses none.
    @Test func whatGitRearrangedIsRead() throws {
        let commits = try (0..<3).map { try noteRun($0, seconds: Double($0)) }
        let text = "{\"host\": \"x\", \"seconds\": 9, \"started\": \"2026-01-01T00:00:00Z\"}"
        try fixture.run(
            "git", "-c", "user.name=a", "-c", "user.email=a@b", "notes", "--ref=decant/runs", "add", "-f", "-m", text,
            commits[0].hex, in: fixture.repository)
        #expect(try paths().allSatisfy { !$0.contains("/") })
        #expect(try noted(commits[0]) == 9)
        #expect(try noted(commits[2]) == 2)
        let last = try noteRun(3, seconds: 3)
        #expect(try paths().allSatisfy { $0.contains("/") })
        #expect(try (commits + [last]).map(noted) == [9, 1, 2, 3])
    }

    @Test func deeperFoldersAreRead() throws {
        let commits = try (0..<3).map { try noteRun($0, seconds: Double($0)) }
        let repository = try GitRepository(at: fixture.repository)
        let head = try #require(try repository.target(of: Self.notes))
        var root = GitTree.directory([:])
        for (commit, note) in try NoteTree.notes(in: head, of: repository) {
            let (first, second) = (commit.hex.prefix(2), commit.hex.dropFirst(2).prefix(2))
            root.insert(.blob(note), at: [String(first), String(second), String(commit.hex.dropFirst(4))])
        }
        let deeper = try repository.writeCommit(
            tree: repository.write(root), parents: [head], message: "deeper\n", signature: repository.localSignature())
        #expect(try repository.moveReference(Self.notes, from: head, to: deeper))
        #expect(try commits.map(noted) == [0, 1, 2])
        try noteRun(1, seconds: 7)
        #expect(try commits.map(noted) == [0, 7, 2])
        #expect(try paths().count == 3)
    }
}
