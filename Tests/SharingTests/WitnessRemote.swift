import BuildModel
import Foundation
import TestSupport
import Testing

@testable import Sharing
@testable import Store
@testable import Trust

/// A remote with one build of two stages, and the means to say anything about them as a witness.
final class WitnessRemote {
    let signed: SignedRemote
    let data: StageRecord
    let model: StageRecord

    init(_ fixture: SharingFixture) throws {
        signed = try SignedRemote(fixture)
        let built = try fixture.build(in: signed.store)
        data = try #require(try signed.store.stageCommit(built.data.hex))
        model = try #require(try signed.store.stageCommit(built.model.hex))
    }

    var store: Store { signed.store }
    var address: String { signed.repository.path }
    static let other = Digest(hashing: "other bytes")

    static func statement(_ record: StageRecord, made: Digest? = nil, fails: Bool = false) -> WitnessStatement {
        WitnessStatement(
            action: record.action.key, artifact: record.artifact.digest,
            made: fails ? nil : made ?? record.artifact.digest, machine: "avx2", version: "0.1.0",
            program: Digest(hashing: "program"), time: Date(), verifier: "mailto:ann@example.org")
    }

    /// What an honest witness says of both stages.
    var honest: [WitnessStatement] { [Self.statement(data), Self.statement(model)] }

    /// Signs what somebody says.
    @discardableResult
    func testify(_ key: String, _ statements: [WitnessStatement]? = nil, namespace: String = "git") throws -> CommitID {
        try store.record(statements ?? honest, signer: signed.signer(key, namespace: namespace))
    }

    /// The files of an honest witness's tree.
    var files: [(name: String, bytes: [UInt8])] { honest.map { ("\($0.action.hex).json", $0.bytes) } }

    /// Writes a witness of any files with git, signed by a key, and its ref.
    @discardableResult
    func write(
        _ files: [(name: String, bytes: [UInt8])], by key: String? = "bob", signature: String? = nil,
        message: String = "Stages that were run again\n", headers: String = "", mode: String = "100644",
        to reference: String? = nil
    ) throws -> String {
        let entries = try files.sorted { $0.name < $1.name }.map { file in
            let blob = try signed.fixture.git(
                ["hash-object", "-w", "--stdin"], in: signed.repository, input: Data(file.bytes), environment: [:])
            return "\(mode) blob \(blob)\t\(file.name)\n"
        }
        let tree = try signed.git("mktree", input: entries.joined())
        let person = "Bob <bob@example.org> \(Int(Date().timeIntervalSince1970)) +0000"
        let text = "tree \(tree)\n\(headers)author \(person)\ncommitter \(person)\n\n\(message)"
        let made = try signature ?? key.map { try signed.ring.sign(text, with: $0) }
        let place = "refs/hidden"
        let commit = try signed.write(text, signatures: made ?? "", to: place)
        _ = try signed.git("update-ref", "-d", place)
        _ = try signed.git("update-ref", reference ?? WitnessCommit.reference(of: CommitID(hex: commit)), commit)
        return commit
    }

    /// As `write`, with the text of the statement about the model changed.
    @discardableResult
    func writeChanged(_ change: (String) -> String) throws -> String {
        let honest = files
        let changed = honest.map { file in
            file.name == "\(model.action.key.hex).json"
                ? (name: file.name, bytes: Array(change(String(decoding: file.bytes, as: UTF8.self)).utf8)) : file
        }
        try #require(changed.map(\.bytes) != honest.map(\.bytes), "the forgery changes nothing")
        return try write(changed)
    }
}
