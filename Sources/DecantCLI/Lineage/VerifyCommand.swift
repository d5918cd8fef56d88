import ArgumentParser
import BuildModel
import CanonicalJSON
import Executor
import Foundation
import Kinds
import Planner
import Stages
import Store

struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Run the stages of a lineage again and compare every byte.",
        discussion: """
            Each stage runs in a clean directory, on the inputs that the lineage names. Exits with 1 at the first byte that \
            differs, and with 2 where a stage was made by another revision of its kind than this program has, or with the \
            native numerics of another family of processors than this machine's. Measurements are named, and not compared.
            """)

    @Argument(help: "A recipe (its last build), a build, a stage or target (BUILD:NAME), a tag, or a commit.")
    var target: String

    @Option(name: .customLong("stage"), help: "Only this stage: a name, a kind, or a commit. May be repeated.")
    var stages: [String] = []

    @Option(help: "Only so much of the stages, as in 10%.")
    var sample: Share?

    @Option(help: "Decides which stages a sample takes (else chance does).")
    var seed: UInt64?

    @Option(help: "Threads per stage (else all processors); results never depend on it.")
    var threads = ProcessInfo.processInfo.activeProcessorCount

    @OptionGroup var options: ResultOptions

    func run() async throws {
        let store = try options.open()
        let (lineage, names) = try lineage(in: store)
        let selection = StageSelection(stages: stages, share: sample?.value, seed: seed ?? .random(in: 0..<1 << 53))
        let chosen = try selection.choose(from: lineage, names: names)
        let comparable = chosen.filter { !KindCatalogue.standard.measurements.contains($0.record.action.kind) }
        try refuseOtherRevisions(comparable, names)
        try refuseOtherProcessors(comparable, names)
        if sample != nil {
            Console.progress("sample of \(chosen.count) of \(lineage.stages.count) stages, --seed \(selection.seed)")
        }

        let verifier = StageVerifier(
            store: store, runner: try LocalRunner.ofThisProgram(), threads: max(1, threads),
            measurements: KindCatalogue.standard.measurements)
        var wrong = 0
        for stage in chosen {
            let verdict = try await verifier.verify(stage, in: lineage) { _ in }
            let report = VerificationReport(stage: stage, name: names[stage.commit], verdict: verdict, store: store)
            options.print(report.json, report.text)
            if report.isSame == false { wrong += 1 }
        }
        let measured = chosen.count - comparable.count
        if options.asJSON {
            let counts = ["verified": comparable.count, "wrong": wrong, "measured": measured]
            Console.output(JSON.object(counts.mapValues { .count($0) }).canonicalText)
        } else {
            let others = measured > 0 ? "; measured and not compared: \(measured)" : ""
            Console.output("\(comparable.count) of \(lineage.stages.count) stages verified, \(wrong) differ\(others)")
        }
        if wrong > 0 { throw CommandFailure(status: ExitStatus.stageFailed, message: nil, hint: nil) }
    }

    /// All that a stage was made from, or all targets of a build.
    private func lineage(in store: Store) throws -> (Lineage, StageNames) {
        switch try StoredReference(target, in: store) {
        case .target(let target):
            return (try store.lineage(of: target.record), try StageNames(around: target, in: store))
        case .build(let build):
            let records = try (build.stages + build.targets.map { .init(name: $0.name, commit: $0.commit) }).map { stage in
                guard let record = try store.stageCommit(stage.commit.hex) else {
                    throw CommandFailure.badInput(
                        "the commit \(stage.commit) of '\(stage.name)' is not in this store", hint: "fsck")
                }
                return record
            }
            return (try store.lineage(of: records), StageNames(build))
        }
    }

    private func refuseOtherRevisions(_ stages: [Lineage.Stage], _ names: StageNames) throws {
        let faults = stages.compactMap { stage -> String? in
            let action = stage.record.action
            guard !action.isSource else { return nil }
            let known = KindCatalogue.standard.kind(named: action.kind)?.revision
            if known == action.revision, StageCatalogue.standard.limitation(of: action.kind, action.parameters) == nil {
                return nil
            }
            let here = known.map { $0 == action.revision ? "cannot run it" : "has revision \($0)" } ?? "does not know it"
            return "\n  \(names[stage.commit]) is of revision \(action.revision) of \(action.kind); this program \(here)"
        }
        guard !faults.isEmpty else { return }
        throw CommandFailure.badInput(
            "nothing was run: the lineage was made by other kinds than this program has" + faults.joined())
    }

    /// Native numerics give their bytes on one family of processors alone.
    private func refuseOtherProcessors(_ stages: [Lineage.Stage], _ names: StageNames) throws {
        let foreign = stages.filter { !$0.record.action.numerics.isOfThisMachine }
        guard !foreign.isEmpty else { return }
        let listed = foreign.map { "\n  \(names[$0.commit]) has the numerics \($0.record.action.numerics.rawValue)" }
        throw CommandFailure.badInput(
            "nothing was run: only a machine of the same family can make these bytes again; this one's native numerics are "
                + Numerics.native(.ofThisMachine).rawValue + listed.joined())
    }
}

/// A share: `10%`, or `0.1`.
struct Share: ExpressibleByArgument {
    var value: Double

    init?(argument: String) {
        let isPercent = argument.hasSuffix("%")
        guard let number = Double(isPercent ? String(argument.dropLast()) : argument) else { return nil }
        value = isPercent ? number / 100 : number
        guard value > 0, value <= 1 else { return nil }
    }
}
