import BuildModel
import CanonicalJSON
import Foundation
import Store

/// What witnesses say of actions, each with who signed it.
package struct Testimony: Sendable {
    /// One statement, and whose it is.
    package struct Voice: Sendable {
        package var witness: CommitID
        package var statement: WitnessStatement
        package var verdict: SignatureVerdict
        /// Whether it is by one of those whose word counts.
        package var counts: Bool
    }

    /// What all voices about an action say of its bytes.
    package struct Tally: Sendable {
        /// The people who got these bytes: each once, each with a key of their own.
        package var agreeing: [String] = []
        /// Those who got other bytes, and whose word counts.
        package var disagreeing: [Voice] = []

        package init() {}
    }

    private var voices: [Digest: [Voice]] = [:]
    private let people: SignerPeople

    /// - Parameters:
    ///   - principals: whose word counts; every allowed signer's where empty.
    ///   - text: a witness's commit as its signer saw it.
    package init(
        of witnesses: [Witness], judge: SignatureJudge, by principals: [String] = [],
        text: (CommitID) throws -> SignedText?
    ) throws {
        people = SignerPeople(judge.signers.flatMap { try? String(contentsOf: $0, encoding: .utf8) } ?? "")
        for witness in witnesses {
            let signed = try text(witness.commit)
            let verdict = judge.verdict(on: signed)
            let counts = verdict.isValid && (principals.isEmpty || judge.verdict(on: signed, by: principals).isValid)
            for statement in witness.statements {
                voices[statement.action, default: []].append(
                    Voice(witness: witness.commit, statement: statement, verdict: verdict, counts: counts))
            }
        }
    }

    /// In the order of time.
    package subscript(action: Digest) -> [Voice] {
        (voices[action] ?? []).sorted { ($0.statement.time, $0.witness) < ($1.statement.time, $1.witness) }
    }

    /// Counts the voices about an action that gave an artifact, or is said to have.
    package func tally(of action: Digest, gave artifact: Digest) -> Tally {
        var tally = Tally()
        var seen: Set<String> = []
        for voice in self[action] where voice.counts {
            guard case .valid(let principal, let key) = voice.verdict, let made = voice.statement.made else { continue }
            guard made == artifact else {
                tally.disagreeing.append(voice)
                continue
            }
            let person = people.person(principal)
            guard !seen.contains(person), !seen.contains(key) else { continue }
            seen.formUnion([person, key])
            tally.agreeing.append(principal)
        }
        return tally
    }
}

extension Store {
    /// What the witnesses here say of some actions.
    ///
    /// - Parameter faults: refs of witnesses that name none.
    package func testimony(
        about actions: Set<Digest>, by principals: [String] = []
    ) throws -> (testimony: Testimony, faults: [Refusal]) {
        let (known, faults) = try witnesses()
        let about = known.filter { $0.statements.contains { actions.contains($0.action) } }
        let testimony = try Testimony(of: about, judge: trust().judge, by: principals) { try signedText(of: $0) }
        return (testimony, faults)
    }
}
