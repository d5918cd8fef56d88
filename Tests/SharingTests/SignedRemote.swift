import Foundation
import Store
import TestSupport
import Testing
import Trust

@testable import Sharing

/// Signs with a key of a ring.
struct RingSigner: CommitSigner {
    let ring: KeyRing
    let key: String
    var namespace = "git"

    func signature(of content: [UInt8]) throws(StoreError) -> String {
        do {
            return try ring.sign(String(decoding: content, as: UTF8.self), with: key, namespace: namespace)
        } catch {
            throw .cannotSign(reason: "\(error)")
        }
    }
}

/// A store of somebody else's, with a build of one recipe, and the means to forge whatever git keeps there.
final class SignedRemote {
    let fixture: SharingFixture
    let ring = KeyRing()
    let store: Store
    let repository: URL
    static let branch = "refs/heads/smart-home"

    init(_ fixture: SharingFixture) throws {
        self.fixture = fixture
        store = try fixture.store("theirs")
        repository = fixture.place("theirs/lineage.git")
        for name in ["ann", "bob", "old", "young", "filer", "gone", "eve"] { try ring.key(name) }
    }

    /// Ann and Bob may sign, and some others could once, or may sign other things; nobody knows Eve.
    func signers() throws -> String {
        func line(_ name: String, _ options: String = "") throws -> String {
            "\(name)@example.org \(options) \(try ring.key(name))\n"
        }
        return try line("ann", "namespaces=\"git\"") + line("bob") + line("old", "valid-before=\"20200101\"")
            + line("young", "valid-after=\"20900101\"") + line("filer", "namespaces=\"file\"")
    }

    func signer(_ key: String, namespace: String = "git") -> RingSigner {
        RingSigner(ring: ring, key: key, namespace: namespace)
    }

    @discardableResult
    func build(_ steps: Int = 3, by key: String?, namespace: String = "git") throws -> CommitID {
        try fixture.build(in: store, steps: steps, signer: key.map { signer($0, namespace: namespace) }).build
    }

    // MARK: Git's own texts

    func git(_ arguments: String..., input: String = "") throws -> String {
        try fixture.git(arguments, in: repository, input: Data(input.utf8), environment: [:])
    }

    /// A commit without its signature, as text.
    func text(of commit: String) throws -> String {
        var lines: [Substring] = []
        var isInSignature = false
        for line in try (git("cat-file", "commit", commit) + "\n").split(separator: "\n", omittingEmptySubsequences: false) {
            isInSignature = line.hasPrefix("gpgsig ") || isInSignature && line.hasPrefix(" ")
            if !isInSignature { lines.append(line) }
        }
        return lines.joined(separator: "\n")
    }

    /// The signature of a commit or a tag, as it stands there.
    func signature(of commit: String) throws -> String {
        let text = try git("cat-file", "commit", commit)
        let start = try #require(text.range(of: "gpgsig "))
        let lines = text[start.upperBound...].split(separator: "\n", omittingEmptySubsequences: false)
        return lines.enumerated().prefix { $0.offset == 0 || $0.element.hasPrefix(" ") }
            .map { $0.offset == 0 ? String($0.element) : String($0.element.dropFirst()) }.joined(separator: "\n")
    }

    /// Writes a commit with signatures in its header, and points a branch at it.
    @discardableResult
    func write(_ text: String, signatures: String..., to reference: String = SignedRemote.branch) throws -> String {
        let end = try #require(text.range(of: "\n\n"))
        let headers = signatures.map { signature in
            "\ngpgsig " + signature.trimmingCharacters(in: .newlines).replacingOccurrences(of: "\n", with: "\n ")
        }
        let commit = try git(
            "hash-object", "-t", "commit", "-w", "--stdin",
            input: text[..<end.lowerBound] + headers.joined() + text[end.lowerBound...])
        _ = try git("update-ref", reference, commit)
        return commit
    }

    /// Writes a tag object of any text, and a ref that names it.
    func writeTag(_ text: String, as name: String) throws {
        let tag = try git("mktag", "--no-strict", input: text)
        _ = try git("update-ref", "refs/tags/\(name)", tag)
    }

    func tagText(_ name: String, of commit: String) -> String {
        "object \(commit)\ntype commit\ntag \(name)\ntagger Ann <ann@example.org> 1750000000 +0000\n\na release\n"
    }

    func head() throws -> String { try git("rev-parse", Self.branch) }
}
