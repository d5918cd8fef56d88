import BuildModel
import CanonicalJSON
import Engine
import Executor
import Foundation
import Kinds
import Store

/// The result of running one stage again, for people and for programs.
struct VerificationReport {
    let stage: Lineage.Stage
    let name: String
    let verdict: StageVerifier.Verdict
    let store: Store

    /// `nil` where nothing is compared.
    var isSame: Bool? {
        switch verdict {
        case .same, .held: true
        case .differs, .failed, .replaced: false
        case .measurement: nil
        }
    }

    var text: String {
        let head = "\(name)  (\(stage.record.action.kind))"
        switch verdict {
        case .same(let seconds): return "  same     \(head)  \(Duration.text(seconds))"
        case .held: return "  held     \(head)"
        case .replaced(let fault): return "  DIFFERS  \(head): it \(fault)"
        case .measurement: return "  measured \(head): a measurement, not compared"
        case .differs(let difference): return "  DIFFERS  \(head): \(words(for: difference))"
        case .failed(let failure):
            return (["  FAILED   \(head): \(failure.reason)"] + failure.logTail.map { "           | \($0)" }).joined(
                separator: "\n")
        }
    }

    var json: JSON {
        var members: [String: JSON] = [
            "stage": .string(name), "kind": .string(stage.record.action.kind), "commit": .string(stage.commit.hex),
            "artifact": .string(stage.record.artifact.digest.hex), "same": isSame.map(JSON.bool) ?? .null,
        ]
        switch verdict {
        case .same(let seconds): members["seconds"] = .number(seconds)
        case .held: break
        case .replaced(let fault): members["reason"] = .string("it \(fault)")
        case .measurement: members["measurement"] = true
        case .differs(let difference):
            members["file"] = .string(difference.file)
            members["differing_files"] = .count(difference.count)
            if case .bytes(let offset) = difference.kind { members["offset"] = .count(offset) }
            if let place = tensor(at: difference) {
                members["tensor"] = .string(place.name)
                members["element"] = .count(place.element)
            }
        case .failed(let failure): members["reason"] = .string(failure.reason)
        }
        return .object(members)
    }

    private func words(for difference: ArtifactDifference) -> String {
        let others = difference.count > 1 ? " (\(difference.count) files differ)" : ""
        switch difference.kind {
        case .missing: return "\(difference.file) is stored and was not made again\(others)"
        case .added: return "\(difference.file) was made and is not stored\(others)"
        case .bytes(let offset):
            let place = tensor(at: difference).map { ", tensor \($0.name), element \($0.element), byte \($0.byte) of it" } ?? ""
            return "\(difference.file) at byte \(offset)\(place)\(others)"
        }
    }

    /// The tensor that the first differing byte belongs to, by the stored file's header.
    private func tensor(at difference: ArtifactDifference) -> (name: String, byte: Int, element: Int)? {
        guard case .bytes(let offset) = difference.kind, difference.file.hasSuffix(".safetensors"),
            let file = stage.record.artifact[difference.file], let object = store.object(file.digest)
        else { return nil }
        return try? SafeTensors(reading: object.url).tensor(atByte: offset)
    }
}

/// Which stages of a lineage are to be run again.
struct StageSelection {
    /// Names, kinds or commits; empty for all.
    var stages: [String] = []
    /// `nil` for all.
    var sample: SampleSize?
    /// Decides which stages a sample takes.
    var seed: UInt64

    /// - Returns: the stages, and how strong the sample is where they are one.
    /// - Throws: `CommandFailure` for a name that no stage has.
    func choose(from lineage: Lineage, names: StageNames) throws -> (stages: [Lineage.Stage], strength: SampleStrength?) {
        for wanted in stages where !lineage.stages.contains(where: { matches($0, wanted, names) }) {
            throw CommandFailure.badInput("the lineage has no stage '\(wanted)'")
        }
        let named = lineage.stages.filter { stage in stages.isEmpty || stages.contains { matches(stage, $0, names) } }
        guard let sample else { return (named, nil) }
        // Sources are cheap and do not count as work; nobody measures the same again.
        let candidates = named.filter {
            !$0.record.action.isSource && !KindCatalogue.standard.measurements.contains($0.record.action.kind)
        }
        guard !candidates.isEmpty else {
            throw CommandFailure.badInput(
                "nothing was verified: the lineage has no stage to draw a sample from, only sources and measurements; verify it "
                    + "without --sample")
        }
        let count = sample.count(of: candidates.count)
        let drawn = Set(candidates.sorted { rank(of: $0) < rank(of: $1) }.prefix(count).map(\.commit))
        return (
            candidates.filter { drawn.contains($0.commit) }, SampleStrength(stages: candidates.count, drawn: drawn.count)
        )
    }

    private func matches(_ stage: Lineage.Stage, _ wanted: String, _ names: StageNames) -> Bool {
        names.name(of: stage.commit) == wanted || stage.record.action.kind == wanted
            || (wanted.isCommitPrefix && stage.commit.hex.hasPrefix(wanted))
    }

    /// A person who forges a stage cannot know whether it will be drawn.
    private func rank(of stage: Lineage.Stage) -> String { Digest(hashing: "\(seed) \(stage.record.action.key)").hex }
}
