import ArgumentParser
import BuildModel
import CanonicalJSON
import Engine
import Executor
import Foundation
import Planner
import Stages
import Store

struct BuildCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build", abstract: "Build a recipe; run only the stages whose inputs changed.")

    @Argument(help: "The recipe.")
    var recipe: String

    @Argument(help: "Stages or targets to build (else all targets).")
    var targets: [String] = []

    @Option(name: .shortAndLong, help: "Stages that run side by side; results never depend on it.")
    var jobs = 1

    @Option(help: "Threads per stage (else the processors, divided by --jobs); results never depend on it.")
    var threads: Int?

    @Flag(inversion: .prefixedNo, help: "Sign the build with git's user.signingkey (else as commit.gpgsign says).")
    var sign: Bool?

    @OptionGroup var storeOptions: StoreOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard jobs > 0 else { throw ValidationError("--jobs must be at least 1") }
        if let threads, threads < 1 { throw ValidationError("--threads must be at least 1") }
    }

    func run() async throws {
        let store = try storeOptions.open()
        // A key that is missing is said before anything runs.
        let signer = try SSHSigner.forBuilds(asked: sign, store.signingSettings())
        // Beside the planning: a store may know ten thousand results.
        let preparing = Task.detached { try store.prepare(for: 10_000) }
        let file = try RecipeFile(path: recipe)
        let graph = try file.graph { try store.digest(ofFileAt: $0) }
        let wanted = try targets.isEmpty ? graph.targets.map(\.stage) : targets.map { try graph.find($0, of: recipe) }
        let threadsPerStage = threads ?? max(1, ProcessInfo.processInfo.activeProcessorCount / jobs)
        let executor = Executor(
            store: store, runner: LocalRunner(executable: try Self.executable(), threads: threadsPerStage), jobs: jobs)
        let progress: any BuildProgress =
            if output.asJSON { JSONProgress() } else if Console.progressIsTerminal { TerminalProgress() } else { PlainProgress() }

        try await preparing.value
        let outcome = try await executor.build(
            graph, targets: wanted, beforeRunning: { try refuseWhatCannotRun(graph, wanted) }, onEvent: { progress.receive($0) })
        if targets.isEmpty, outcome.succeeded { try recordBuild(outcome, of: file, signer, in: store) }
        try report(outcome, of: file, store: store)
    }

    /// What this version cannot do is said before anything runs, not after hours.
    private func refuseWhatCannotRun(_ graph: Graph, _ wanted: [StageID]) throws {
        var limitations: [[UInt8]: String?] = [:]
        var refused: [String] = []
        for id in graph.closure(of: wanted) where graph[id].fixedOutput == nil {
            let stage = graph[id]
            let identity = Array(stage.kind.utf8) + stage.canonicalParameters
            let limitation = limitations[identity] ?? StageCatalogue.limitation(of: stage.kind, stage.parameters)
            limitations[identity] = limitation
            if let limitation { refused.append("\(stage.name): \(limitation)") }
        }
        guard !refused.isEmpty else { return }
        let listed = refused.prefix(10).map { "\n  " + $0 }.joined()
        let more = refused.count > 10 ? "\n  and \(refused.count - 10) more" : ""
        throw CommandFailure.badInput("nothing was run: the recipe needs what this version cannot do\(listed)\(more)")
    }

    private func recordBuild(_ outcome: BuildOutcome, of file: RecipeFile, _ signer: SSHSigner?, in store: Store) throws {
        let summary = "\(outcome.ran.count) ran, \(outcome.cached.count) cached"
        let build = BuildRecord(
            recipe: file.name, recipeText: file.text, companions: file.companions, stages: outcome.record,
            targets: outcome.targets.map { .init(name: $0.name, commit: $0.result.commit, artifact: $0.result.artifact) },
            summary: summary)
        let recorded = Result { () throws(StoreError) in try store.recordBuild(build, signer: signer) }
        if case .failure(.cannotSign(let reason)) = recorded {
            throw CommandFailure.badInput(
                "the build cannot be signed: \(reason). Every stage's result is kept: build again, with the key at hand or "
                    + "with --no-sign, and only the build is recorded")
        }
        _ = try recorded.get()
    }

    private func report(_ outcome: BuildOutcome, of file: RecipeFile, store: Store) throws {
        if output.asJSON {
            Console.output(outcome.json.canonicalText)
        } else {
            if let table = try reportTable(of: outcome, in: store) { Console.output(table) }
            Console.progress(summary(of: outcome))
            if outcome.succeeded, let next = try nextCommand(after: outcome, in: store) { Console.hint(next) }
        }
        if !outcome.succeeded { throw CommandFailure(status: ExitStatus.stageFailed, message: nil, hint: nil) }
    }
}

extension BuildCommand {
    private func summary(of outcome: BuildOutcome) -> String {
        let seconds = outcome.wanted.compactMap { outcome[$0]?.seconds }.reduce(0, +)
        var parts = ["\(outcome.ran.count) ran", "\(outcome.cached.count) cached"]
        if !outcome.failed.isEmpty { parts.append("\(outcome.failed.count) failed") }
        if !outcome.skipped.isEmpty { parts.append("\(outcome.skipped.count) skipped") }
        return parts.joined(separator: ", ") + " (\(Duration.text(seconds)) of work)"
    }

    /// The table of the build's report, if it has one.
    private func reportTable(of outcome: BuildOutcome, in store: Store) throws -> String? {
        guard let report = outcome.targets.first(where: { $0.name == "report" })?.result,
            let file = report.artifact["report.json"]
        else { return nil }
        return try ReportTable(JSON(parsing: store.readObject(file.digest))).text
    }

    /// The command that tries the last variant's model on a question of its own test set; where prompts list functions, the
    /// one that shows the model.
    private func nextCommand(after outcome: BuildOutcome, in store: Store) throws -> String? {
        let models = outcome.targets.filter { $0.name != "teacher" && $0.result.artifact["model.safetensors"] != nil }
        guard let model = models.last?.name else { return nil }
        let stages = outcome.wanted.map { (outcome.graph[$0], outcome[$0]) }
        guard stages.contains(where: { $0.0.kind == EvalGenerate.name && $0.0.parameters["prompt"] == "query" }),
            let data = stages.first(where: { $0.0.kind == DataSplit.name })?.1, let file = data.artifact["test.jsonl"],
            let line = try store.readObject(file.digest).split(separator: UInt8(ascii: "\n")).first,
            let row = try? Row(json: JSON(parsing: line))
        else { return "show \(model)" }
        return "run \(model) \"\(row.query.filter { $0 != "\"" })\""
    }

    /// This very program, as its stages' runner starts it.
    private static func executable() throws -> URL {
        URL(fileURLWithPath: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
    }
}
