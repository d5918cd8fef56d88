import ArgumentParser
import BuildModel
import CanonicalJSON
import Engine
import Kinds
import Planner
import Stages
import Store
import Trust

struct ShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show an artifact (files, metrics, rows, how it was made) or a build (who, when, targets, metrics).")

    @Argument(
        help: "A stage or target of a recipe's last build (RECIPE:NAME where several have it), a recipe, a tag, or a commit.")
    var target: String

    @Flag(help: "Show the rows that an artifact was made with, and what speaks against them (data shows its own anyway).")
    var data = false

    @Flag(help: "Page through what a judge was asked, what it said and why (of a report, for each of its models).")
    var verdicts = false

    @Option(help: "Which page of the verdicts.")
    var page = 1

    @OptionGroup var options: ResultOptions

    func run() throws {
        let store = try options.openExisting()
        let stored: StoredTarget
        switch try StoredReference(target, in: store) {
        case .build(let build):
            if data || verdicts {
                throw CommandFailure.badInput(
                    "'\(target)' is a build; name one of its targets",
                    hint: "show \(data ? "--data" : "--verdicts") \(build.recipe):\(build.targets.first?.name ?? "")")
            }
            let summary = try BuildSummary(build, in: store)
            options.print(summary.json, summary.text)
            return
        case .target(let target): stored = target
        }
        if data {
            guard let rows = try StoredData(behind: stored, in: store) else {
                throw CommandFailure.badInput("\(stored.name) was made with no rows")
            }
            let profile = try rows.profile()
            options.print(
                ["name": .string(rows.name), "artifact": .string(rows.artifact.digest.hex), "data": profile.json],
                "\(rows.name)\n\(profile.text)")
            return
        }
        if verdicts {
            guard let pages = try VerdictPages(behind: stored, in: store) else {
                throw CommandFailure.badInput(
                    "no model and no program judged for \(stored.name): there are no verdicts to show")
            }
            guard (1...pages.count).contains(page) else {
                throw CommandFailure.badInput("there is no page \(page) of the verdicts; there are \(pages.count)")
            }
            options.print(pages.json(page: page), pages.text(page: page))
            return
        }
        let metrics = try Self.metrics(of: stored.record.artifact, in: store)
        let profile = stored.record.artifact.isData ? try StoredData(behind: stored, in: store)?.profile() : nil
        let tokens = PromptLength.tokensPerFunction(of: stored, in: store)
        try options.print(
            json(of: stored, metrics: metrics, profile, perFunction: tokens, in: store),
            text(of: stored, metrics: metrics, profile, perFunction: tokens, in: store))
    }

    /// The contents of the files that some kind declares as figures.
    private static func metrics(of artifact: Artifact, in store: Store) throws -> [String: JSON] {
        try StageCatalogue.standard.figures.keys.reduce(into: [:]) { metrics, name in
            metrics[name] = try store.read(File<JSON>(name), of: artifact)
        }
    }

    /// The form of its own in which a model calls functions; `nil` for Decant's, and for what is no model.
    private static func callForm(of artifact: Artifact, in store: Store) throws -> String? {
        try store.read(ModelFiles.settings, of: artifact).flatMap(ModelFolder.callFormName(in:))
    }

    /// - Parameter tokens: of a function in a prompt of a model.
    private func json(
        of stored: StoredTarget, metrics: [String: JSON], _ profile: DataProfile?, perFunction tokens: Double?, in store: Store
    ) throws -> JSON {
        let record = stored.record
        return [
            "received": try store.arrival(of: record)?.json ?? .null,
            "name": .string(stored.name),
            "commit": .string(record.commit.hex),
            "parents": .array(record.parents.map { .string($0.hex) }),
            "artifact": .string(record.artifact.digest.hex),
            "action": record.action.encoding,
            "files": record.artifact.manifest,
            "metrics": .object(metrics),
            "calls": try Self.callForm(of: record.artifact, in: store).map(JSON.string) ?? .null,
            "tokens_per_function": tokens.map(JSON.number) ?? .null,
            "data": profile?.json ?? .null,
        ]
    }

    /// - Parameter tokens: of a function in a prompt of a model.
    private func text(
        of stored: StoredTarget, metrics: [String: JSON], _ profile: DataProfile?, perFunction tokens: Double?, in store: Store
    ) throws -> String {
        let record = stored.record
        var lines = [
            stored.name,
            "  commit      \(record.commit.hex)",
            "  artifact    \(record.artifact.digest)",
            "  made by     \(record.action.kind), revision \(record.action.revision)",
            "  numerics    \(record.action.numerics.rawValue)",
            "  parameters  \(record.action.parameters.canonicalText)",
        ]
        if let form = try Self.callForm(of: record.artifact, in: store) {
            lines.append("  calls       in its own form, '\(form)'")
        }
        if let tokens { lines.append("  prompts     \((tokens * 10).rounded() / 10) tokens a function") }
        if let arrival = try store.arrival(of: record) { lines.append("  came from   \(arrival.words)") }
        // A commit has each parent once, so several inputs can be one parent.
        let parents = try record.parents.compactMap { try store.stageCommit($0.hex) }
        for input in record.action.inputs {
            let commit = parents.first { $0.artifact.digest == input.artifact }?.commit.hex.prefix(12) ?? "?"
            lines.append("  input       \(input.name) = \(input.artifact.short) (commit \(commit))")
        }
        lines.append("  files")
        let width = record.artifact.files.map(\.path.count).max() ?? 0
        for file in record.artifact.files {
            let size = ByteCount.text(file.size).leftPadded(to: 10)
            lines.append("    \(file.path.padded(to: width))  \(size)  \(file.digest.short)")
        }
        for (name, value) in metrics.sorted(by: { $0.key < $1.key }) {
            lines += ["", (StageCatalogue.standard.figures[name] ?? .plain).text(name, value)]
        }
        if let curve = try store.curve(of: record.artifact) {
            let shown = Console.outputIsTerminal ? curve.drawing(width: min(Console.width, 90)) : curve.figures
            lines += ["", "\(TrainingCurve.file.name), \(curve.steps) steps", shown]
        }
        if let profile { lines += ["", profile.text] }
        if metrics[Report.file.name] != nil, let table = try trainings(behind: stored, in: store) { lines.append(table.text) }
        return lines.joined(separator: "\n")
    }

    /// The trainings of a report's models, in the order in which they were done; `nil` where there are none.
    private func trainings(behind report: StoredTarget, in store: Store) throws -> TrainingTable? {
        let names = try StageNames(around: report, in: store)
        let trainings = try store.lineage(of: report.record).stages.compactMap { stage in
            try store.curve(of: stage.record.artifact).map { (stage: names[stage.commit], curve: $0) }
        }
        return trainings.isEmpty ? nil : TrainingTable(trainings)
    }
}

/// A build for people and for programs: who made what and when, and how good it is.
struct BuildSummary {
    let build: StoredBuild
    let verdict: SignatureVerdict
    /// `nil` for a build that was made here.
    let arrival: Arrival?
    /// Names of its tags, sorted.
    let tags: [String]
    /// `nil` where the build made no report.
    let report: JSON?

    init(_ build: StoredBuild, in store: Store) throws {
        self.build = build
        verdict = try store.verdict(onCommit: build.commit, by: store.trust().judge)
        arrival = try store.arrival(of: build.commit)
        tags = try store.tags().filter { $0.commit == build.commit }.map(\.name)
        report = try store.report(of: build)?.json
    }

    var json: JSON {
        [
            "recipe": .string(build.recipe), "commit": .string(build.commit.hex), "author": .string(build.author),
            "time": .string(build.time.formatted(.iso8601)), "summary": .string(build.summary),
            "signed": .bool(verdict.isValid), "signature": verdict.json,
            "received": arrival?.json ?? .null,
            "previous": build.previous.map { .string($0.hex) } ?? .null,
            "tags": .array(tags.map(JSON.string)),
            "stages": .array(build.stages.map { ["name": .string($0.name), "commit": .string($0.commit.hex)] }),
            "targets": .array(build.targets.map { ["name": .string($0.name), "commit": .string($0.commit.hex)] }),
            "metrics": report ?? .null,
        ]
    }

    var text: String {
        var lines = [
            "build of \(build.recipe)",
            "  commit      \(build.commit.hex)",
            "  author      \(build.author)",
            "  time        \(build.time.formatted(.iso8601))",
            "  summary     \(build.summary)",
            "  stages      \(build.stages.count)",
        ]
        if verdict != .unsigned { lines.append("  signature   \(verdict.words)") }
        if let arrival { lines.append("  came from   \(arrival.words)") }
        if let previous = build.previous { lines.append("  previous    \(previous.short)") }
        if !tags.isEmpty { lines.append("  tags        \(tags.joined(separator: ", "))") }
        lines.append("  targets")
        lines += build.targets.map { "    \($0.commit.short)  \($0.name)" }
        if let report { lines += ["", ReportTable(report).text] }
        return lines.joined(separator: "\n")
    }
}
