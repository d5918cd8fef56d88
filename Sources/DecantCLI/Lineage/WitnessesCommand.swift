import ArgumentParser
import BuildModel
import CanonicalJSON
import Executor
import Foundation
import Kinds
import Store
import Trust

struct WitnessesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "witnesses", abstract: "Show for each stage who ran it again, and with what result.",
        discussion: """
            `verify --witness` makes witnesses; push, pull and clone carry them. Exits with 1 where an allowed signer got \
            other bytes than the lineage has.
            """)

    @Argument(help: "A recipe (its last build), a build, a stage or target (BUILD:NAME), a tag, or a commit.")
    var target: String

    @OptionGroup var options: ResultOptions

    func run() throws {
        let store = try options.open()
        let (lineage, names) = try StoredReference(target, in: store).lineage(in: store)
        let (testimony, faults) = try store.testimony(about: Set(lineage.stages.map(\.record.action.key)))
        let stages = lineage.stages.map { WitnessedStage($0, name: names[$0.commit], testimony) }
        for fault in faults { Console.progress("not counted: \(fault)") }
        if options.asJSON {
            for stage in stages { Console.output(json: stage.json) }
        } else {
            Console.output(stages.map(\.text).joined(separator: "\n"))
        }
        if stages.contains(where: \.isDisputed) {
            throw CommandFailure(status: ExitStatus.stageFailed, message: nil, hint: nil)
        }
    }
}

/// A stage of a lineage with all that witnesses say of it.
struct WitnessedStage {
    private let stage: Lineage.Stage
    private let name: String
    private let voices: [Testimony.Voice]
    private let tally: Testimony.Tally

    init(_ stage: Lineage.Stage, name: String, _ testimony: Testimony) {
        let action = stage.record.action.key
        (self.stage, self.name, voices) = (stage, name, testimony[action])
        tally = testimony.tally(of: action, gave: stage.record.artifact.digest)
    }

    /// Whether somebody whose word counts got other bytes.
    var isDisputed: Bool { !tally.disagreeing.isEmpty }

    var text: String {
        let head = "\(name)  (\(stage.record.action.kind))  artifact \(stage.record.artifact.digest.short)"
        let count = nothingToRun ?? (tally.agreeing.count == 1 ? "1 witness" : "\(tally.agreeing.count) witnesses")
        return (["\(head)  \(count)"] + voices.map { "  \(text(of: $0))" }).joined(separator: "\n")
    }

    private func text(of voice: Testimony.Voice) -> String {
        let statement = voice.statement
        let result =
            switch statement.made {
            case stage.record.artifact.digest: "the same bytes"
            case .some(let made): "OTHER BYTES: \(made.hex), here \(stage.record.artifact.digest.hex)"
            case nil: "could not run it"
            }
        return "\(statement.time.formatted(.iso8601).prefix(10))  \(voice.verdict.words)  \(result)  "
            + "(\(statement.machine), Decant \(statement.version))"
    }

    private var nothingToRun: String? {
        if stage.record.action.isSource { return "a source: there is nothing to run" }
        return KindCatalogue.standard.measurements.contains(stage.record.action.kind)
            ? "a measurement: nobody gets the same again" : nil
    }

    var json: JSON {
        [
            "stage": .string(name), "kind": .string(stage.record.action.kind), "commit": .string(stage.commit.hex),
            "action": .string(stage.record.action.key.hex), "artifact": .string(stage.record.artifact.digest.hex),
            "agree": .array(tally.agreeing.map(JSON.string)), "disputed": .bool(isDisputed),
            "witnesses": .array(
                voices.map { voice in
                    [
                        "commit": .string(voice.witness.hex), "signature": voice.verdict.json,
                        "result": voice.statement.isPassed ? "PASSED" : "FAILED",
                        "verified": .string(voice.statement.artifact.hex),
                        "made": voice.statement.made.map { .string($0.hex) } ?? .null,
                        "machine": .string(voice.statement.machine), "version": .string(voice.statement.version),
                        "program": .string(voice.statement.program.hex), "verifier": .string(voice.statement.verifier),
                        "time": .string(voice.statement.time.formatted(.iso8601)),
                    ]
                }),
        ]
    }
}

extension StoredReference {
    /// All that a stage was made from, or all stages and targets of a build.
    func lineage(in store: Store) throws -> (Lineage, StageNames) {
        switch self {
        case .target(let target):
            return (try store.lineage(of: target.record), try StageNames(around: target, in: store))
        case .build(let build):
            let records = try (build.stages + build.targets).map { stage in
                guard let record = try store.stageCommit(stage.commit.hex) else {
                    throw CommandFailure.badInput(
                        "the commit \(stage.commit) of '\(stage.name)' is not in this store", hint: "fsck")
                }
                return record
            }
            return (try store.lineage(of: records), StageNames(build))
        }
    }
}
