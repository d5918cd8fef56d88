import BuildModel
import Executor
import Foundation
import Programs
import Stages
import Store
import Words

/// Signs what `verify` saw.
struct WitnessRecorder {
    private let signer: SSHSigner
    private let verifier: String
    private let program: Digest
    private var statements: [WitnessStatement] = []

    /// - Throws: where nothing can be signed; asked before any stage runs.
    init(for store: Store) throws {
        signer = try SSHSigner.forWitnesses(store.signingSettings())
        verifier = Self.identity(try store.openRepository().localSignature().email)
        program = Digest(hashing: try Data(contentsOf: ProcessFiles.program(), options: .mappedIfSafe))
    }

    /// Notes a verdict. A stage that did not run says nothing of its bytes: a source, a measurement.
    mutating func note(_ stage: Lineage.Stage, _ verdict: StageVerifier.Verdict) {
        let artifact = stage.record.artifact.digest
        let made: Digest?
        switch verdict {
        case .same: made = artifact
        case .differs(let difference): made = difference.made
        case .failed, .replaced: made = nil
        case .held, .measurement: return
        }
        // The same action may stand in a lineage twice, with other parents.
        let action = stage.record.action.key
        statements.removeAll { $0.action == action }
        statements.append(
            WitnessStatement(
                action: action, artifact: artifact, made: made, machine: ProcessorFamily.ofThisMachine.rawValue,
                version: CommandLineProgram.version, program: program, time: Date(), verifier: verifier))
    }

    /// Signs and keeps what was noted; `nil` where that is nothing.
    func record(in store: Store) throws -> (commit: CommitID, statements: Int)? {
        guard !statements.isEmpty else { return nil }
        let recorded = Result { () throws(StoreError) in try store.record(statements, signer: signer) }
        if case .failure(.cannotSign(let reason)) = recorded {
            throw CommandFailure.badInput("what was seen cannot be signed, and was not kept: \(reason)")
        }
        return (try recorded.get(), statements.count)
    }

    /// An address of mail as a URI that can be printed.
    private static func identity(_ mail: String) -> String {
        var plain = CharacterSet()
        plain.insert(charactersIn: "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.@-_+")
        return "mailto:" + (mail.addingPercentEncoding(withAllowedCharacters: plain) ?? "unknown").prefix(300)
    }
}
