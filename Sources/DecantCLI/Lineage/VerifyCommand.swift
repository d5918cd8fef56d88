import ArgumentParser
import BuildModel
import CanonicalJSON
import Executor
import Foundation
import Programs
import Kinds
import Planner
import Stages
import Store

struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Run the stages of a lineage again and compare every byte.",
        discussion: """
            Each stage runs in a clean directory, on the inputs that the lineage names. Exits with 1 at the first byte that \
            differs, and with 2 where a stage was made by another revision of its kind than this program has, or with \
            native numerics whose kernels do not run on this machine. Measurements are named, and not compared. \
            A sample draws from the stages that can be run again, and says how likely it finds one that is forged.
            """)

    @Argument(help: "A recipe (its last build), a build, a stage or target (BUILD:NAME), a tag, or a commit.")
    var target: String

    @Option(name: .customLong("stage"), help: "Only this stage: a name, a kind, or a commit. May be repeated.")
    var stages: [String] = []

    @Option(help: "Only so much of the stages, as in 10%, or so many, as in 5; says how likely that finds a forged one.")
    var sample: SampleSize?

    @Option(help: "Decides which stages a sample takes (else chance does).")
    var seed: UInt64?

    @Option(help: "Threads per stage (else all processors); results never depend on it.")
    var threads = Machine.current.processors

    @Flag(help: "Sign what was seen with git's user.signingkey and keep it, so that others can count on it.")
    var witness = false

    @Option(help: "Let a command from elsewhere run this once: a stage's name, or its digest. May be repeated.")
    var allowCommand: [String] = []

    @OptionGroup var commandOptions: CommandOptions

    @OptionGroup var options: ResultOptions

    func run() async throws {
        let store = try options.openExisting()
        let (lineage, names) = try StoredReference(target, in: store).lineage(in: store)
        let selection = StageSelection(stages: stages, sample: sample, seed: seed ?? .random(in: 0..<1 << 53))
        let (chosen, strength) = try selection.choose(from: lineage, names: names)
        let comparable = chosen.filter { !KindCatalogue.standard.measurements.contains($0.record.action.kind) }
        try refuseOtherRevisions(comparable, names)
        try refuseOtherProcessors(comparable, names)
        let foreign = try askAboutCommands(comparable, in: lineage, names, store)
        // A missing key is reported before anything runs.
        var recorder = try witness ? WitnessRecorder(for: store) : nil
        if let strength {
            Console.progress("sample of \(chosen.count) of \(lineage.stages.count) stages, --seed \(selection.seed)")
            Console.progress(strength.text)
        }

        let verifier = StageVerifier(
            store: store, runner: try LocalRunner.ofThisProgram(options: commandOptions.arguments), threads: max(1, threads),
            measurements: KindCatalogue.standard.measurements)
        var wrong = 0
        for stage in chosen {
            let verdict = try await verifier.verify(
                stage, in: lineage, isolated: foreign.contains(stage.commit)
            ) { _ in }
            let report = VerificationReport(stage: stage, name: names[stage.commit], verdict: verdict, store: store)
            options.print(report.json, report.text)
            recorder?.note(stage, verdict)
            if report.isSame == false { wrong += 1 }
        }
        let signed = try recorder?.record(in: store)
        summarize(
            verified: comparable.count, wrong: wrong, measured: chosen.count - comparable.count, of: lineage, strength, signed)
        if wrong > 0 { throw CommandFailure(status: ExitStatus.stageFailed, message: nil, hint: nil) }
    }

    private func summarize(
        verified: Int, wrong: Int, measured: Int, of lineage: Lineage, _ strength: SampleStrength?,
        _ signed: (commit: CommitID, statements: Int)?
    ) {
        if options.asJSON {
            var members = ["verified": verified, "wrong": wrong, "measured": measured].mapValues { JSON.count($0) }
            members["sample"] = strength?.json
            members["witness"] = signed.map { .string($0.commit.hex) }
            return Console.output(json: JSON.object(members))
        }
        let others = measured > 0 ? "; measured and not compared: \(measured)" : ""
        Console.output("\(verified) of \(lineage.stages.count) stages verified, \(wrong) differ\(others)")
        if let signed {
            Console.output(
                "signed as the witness \(signed.commit.short) of \(signed.statements) stages; `push` gives it to others")
        } else if witness {
            Console.output("nothing was signed: no stage was run")
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

    /// Commands that came from elsewhere run only where somebody allowed them; asked before anything runs.
    ///
    /// - Returns: the stages whose commands did.
    private func askAboutCommands(
        _ stages: [Lineage.Stage], in lineage: Lineage, _ names: StageNames, _ store: Store
    ) throws -> Set<CommitID> {
        let permissions = CommandPermissions(for: store, allowing: allowCommand)
        var foreign: Set<CommitID> = []
        var refused: [CommandPermissions.Question] = []
        for stage in stages {
            let question = try permissions.foreign(
                stage.record.action, named: names[stage.commit],
                inputs: stage.inputs.compactMap { lineage[$0.commit]?.record }, arrival: store.arrival(of: stage.record))
            guard let question else { continue }
            foreign.insert(stage.commit)
            if try permissions.allows(question) || refused.contains(where: { $0.command.digest == question.command.digest }) {
                continue
            }
            if Console.inputIsTerminal, Console.ask("\(question.words)\nAllow it from now on?") {
                try permissions.allow(question.command)
            } else {
                refused.append(question)
            }
        }
        guard !refused.isEmpty else { return foreign }
        throw CommandFailure.badInput(
            "nothing was run:" + refused.map { "\n  \($0.words)" }.joined()
                + "\n(this once: --allow-command STAGE; the others without them: --stage STAGE)",
            hint: "trust command \(refused[0].command.digest.hex)")
    }

    /// Native numerics give their bytes where their kernels run.
    private func refuseOtherProcessors(_ stages: [Lineage.Stage], _ names: StageNames) throws {
        let foreign = stages.filter { !$0.record.action.numerics.isOfThisMachine }
        guard !foreign.isEmpty else { return }
        let listed = foreign.map { "\n  \(names[$0.commit]) has the numerics \($0.record.action.numerics.rawValue)" }
        throw CommandFailure.badInput(
            "nothing was run: only a machine that runs the same kernels can make these bytes again; this one's native numerics are "
                + Numerics.native(.ofThisMachine).rawValue + listed.joined())
    }
}

/// How many stages to draw: `10%` or `0.1` of them, or `5` of them.
enum SampleSize: ExpressibleByArgument, Equatable {
    case share(Double)
    case number(Int)

    init?(argument: String) {
        if let number = Int(argument), number > 1 {
            self = .number(number)
            return
        }
        let isPercent = argument.hasSuffix("%")
        guard let number = Double(isPercent ? String(argument.dropLast()) : argument) else { return nil }
        let value = isPercent ? number / 100 : number
        guard value > 0, value <= 1 else { return nil }
        self = .share(value)
    }

    /// At least one, where there is one.
    func count(of stages: Int) -> Int {
        switch self {
        case .share(let share): min(stages, max(1, Int((Double(stages) * share).rounded(.up))))
        case .number(let number): min(stages, number)
        }
    }
}
