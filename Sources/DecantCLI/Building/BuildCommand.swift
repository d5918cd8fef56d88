import ArgumentParser
import BuildModel
import CanonicalJSON
import Endpoints
import Engine
import Executor
import Fetching
import Foundation
import Kinds
import Planner
import Sharing
import Stages
import Store

struct BuildCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build", abstract: "Build a recipe; run only the stages whose inputs changed.")

    @OptionGroup var recipe: RecipeArgument

    @Argument(help: "Stages or targets to build (else all targets).")
    var targets: [String] = []

    @OptionGroup var resourceOptions: ResourceOptions

    @Flag(name: .shortAndLong, help: "After a failure, finish all that does not depend on it.")
    var keepGoing = false

    @Option(help: .hidden)
    var checkpointSeconds: Int?

    @Option(help: "Take results that this path, address or remote of the lineage repository has, instead of running stages.")
    var remote: String?

    @Option(help: "Let a command from elsewhere run this once: a stage's name, or its digest. May be repeated.")
    var allowCommand: [String] = []

    @Flag(inversion: .prefixedNo, help: "Sign the build with git's user.signingkey (else as commit.gpgsign says).")
    var sign: Bool?

    @OptionGroup var commandOptions: CommandOptions

    @OptionGroup var options: ResultOptions

    private static let manyStages = 500

    func run() async throws {
        // A recipe that cannot be read leaves no store behind.
        let file = try recipe.read()
        let store = try options.open()
        // Runs beside the planning, which takes a while for a recipe of ten thousand stages.
        let preparing = Task.detached {
            try await Task.sleep(for: .milliseconds(30))
            try store.prepare(for: 10_000)
        }
        try file.refuseBranchOfAnother(in: store)
        let graph = try file.graph(in: store)
        let keys = try await takeKeys(for: graph, in: store, after: preparing)
        // A missing key is reported before anything runs.
        let signer = try SSHSigner.forBuilds(asked: sign, store.signingSettings())
        let wanted = try targets.isEmpty ? graph.targets.map(\.stage) : targets.map { try graph.find($0, of: recipe.path) }
        let checkpointOptions = checkpointSeconds.map { ["--checkpoint-seconds", String($0)] } ?? []
        let runnerOptions = checkpointOptions + commandOptions.arguments
        let permissions = CommandPermissions(
            for: store, texts: [file.text] + file.companions.values, allowing: allowCommand)
        let executor = Executor(
            store: store, runner: try LocalRunner.ofThisProgram(options: runnerOptions),
            fetcher: NetworkFetcher(), remote: try await remoteResults(for: store),
            endpoints: RecordingClient(store: store, keys: keys), gate: permissions,
            resources: resourceOptions.resources, keepsGoing: keepGoing)
        let progress: any BuildProgress =
            if options.asJSON { JSONProgress() } else if Console.progressIsTerminal { TerminalProgress() } else {
                PlainProgress()
            }

        // A few stages are looked up one by one, however long the store's history is.
        if wanted.count < Self.manyStages {
            preparing.cancel()
            // The index cannot be closed while a task still holds the store.
            _ = await preparing.result
        } else {
            try await preparing.value
        }
        let started = Date()
        let interruption = Interruption(try CommandLineProgram.watch.get())
        let build = Task {
            try await executor.build(
                graph, targets: wanted,
                beforeRunning: {
                    try Self.refuseWhatCannotRun(graph, wanted)
                    try permissions.ask(about: graph.closure(of: wanted).map { graph[$0] })
                },
                onEvent: { event in
                    interruption.receive(event)
                    progress.receive(event)
                })
        }
        interruption.hear { build.cancel() }
        let outcome = try await Self.namingMissingSources { try await build.value }
        interruption.end()
        if outcome.succeeded {
            try store.remember(file: file.absolutePath, ofRecipe: file.name)
            if targets.isEmpty {
                try recordBuild(outcome, of: file, signer, in: store)
            } else {
                let named = outcome.targets.map { NamedCommit(name: $0.name, commit: $0.result.commit) }
                try store.remember(names: outcome.record + named, of: file.name)
            }
        }
        try report(outcome, of: file, seconds: Date().timeIntervalSince(started), store: store)
        if outcome.wasInterrupted { throw CommandFailure(status: interruption.status) }
        if !outcome.succeeded { throw CommandFailure(status: ExitStatus.stageFailed) }
    }

    /// A source that is not where the recipe says is the recipe's error, not Decant's.
    private static func namingMissingSources<Value>(_ build: () async throws -> Value) async throws -> Value {
        do {
            return try await build()
        } catch let error as SourceMissing {
            throw CommandFailure.badInput("\(error)", hint: "import FILE")
        } catch let error as SourceChanged {
            throw CommandFailure.badInput("\(error)")
        }
    }

    /// Called before a child process could inherit the keys, and while no other thread reads the environment.
    private func takeKeys(
        for graph: Graph, in store: Store, after preparing: Task<Void, any Error>
    ) async throws -> EndpointKeys {
        let accesses = graph.stages.compactMap(\.endpoint)
        guard !accesses.isEmpty else { return EndpointKeys() }
        _ = await preparing.result
        let permissions = try SecretPermissions(asking: accesses, in: store)
        return EndpointKeys.taken(for: accesses) { permissions.allow($0, $1) }
    }

    private func remoteResults(for store: Store) async throws -> (any RemoteResults)? {
        guard let remote else { return nil }
        let place = try Remote(remote, for: store)
        for warning in place.warnings { Console.progress("warning: \(warning)") }
        return await RemoteCache(place, for: store) { Console.progress("warning: \($0)") }
    }

    /// Reports what this version cannot do before anything runs, not hours later.
    private static func refuseWhatCannotRun(_ graph: Graph, _ wanted: [StageID]) throws {
        let refused = StageLimitations(of: graph, among: graph.closure(of: wanted)).lines
        guard !refused.isEmpty else { return }
        let listed = refused.prefix(10).map { "\n  " + $0 }.joined()
        let more = refused.count > 10 ? "\n  and \(refused.count - 10) more" : ""
        throw CommandFailure.badInput("nothing was run: the recipe needs what this version cannot do\(listed)\(more)")
    }

    private func recordBuild(_ outcome: BuildOutcome, of file: RecipeFile, _ signer: SSHSigner?, in store: Store) throws {
        let summary = "\(outcome.ran.count) ran, \(outcome.cached.count) cached"
        let build = BuildRecord(
            recipe: file.name, recipeText: file.text, companions: file.companions, stages: outcome.record,
            targets: outcome.targets.map { ($0.name, $0.result.commit, $0.result.artifact) },
            summary: summary)
        let recorded = Result { () throws(StoreError) in try store.recordBuild(build, signer: signer) }
        if case .failure(.cannotSign(let reason)) = recorded {
            throw CommandFailure.badInput(
                "the build cannot be signed: \(reason). Every stage's result is kept: build again, with the key at hand or "
                    + "with --no-sign, and only the build is recorded")
        }
        _ = try recorded.get()
    }
}

extension RemoteCache: RemoteResults {}

extension RecordingClient: EndpointClient {}

extension NetworkFetcher: SourceFetcher {}

extension BuildCommand {
    /// Says how the build ended: the metrics, what ran, what was saved, what to do next.
    func report(_ outcome: BuildOutcome, of file: RecipeFile, seconds: Double, store: Store) throws {
        if options.asJSON {
            Console.output(json: outcome.json)
        } else {
            if let table = try reportTable(of: outcome, in: store) { Console.output(table) }
            Console.progress(try summary(of: outcome, seconds: seconds, in: store))
            if let next = try nextCommand(after: outcome, of: file, in: store) { Console.hint(next) }
        }
    }

    /// `3 ran, 12 cached (41 s saved); 20 s of work in 11 s`
    private func summary(of outcome: BuildOutcome, seconds: Double, in store: Store) throws -> String {
        let durations = try store.durations()
        let cached = outcome.wanted.compactMap { outcome[$0] }.filter(\.wasCached)
        let saved = cached.compactMap { durations.seconds(of: $0.key) }.reduce(0, +)
        let work = outcome.wanted.compactMap { outcome[$0]?.seconds }.reduce(0, +)
        var parts = [
            "\(outcome.ran.count) ran",
            "\(outcome.cached.count) cached" + (saved > 0 ? " (\(Duration.text(saved)) saved)" : ""),
        ]
        let others = [
            ("failed", outcome.failed.count), ("skipped", outcome.skipped.count), ("not started", outcome.notStarted.count),
        ]
        parts += others.filter { $0.1 > 0 }.map { "\($0.1) \($0.0)" }
        return (outcome.wasInterrupted ? "interrupted: " : "") + parts.joined(separator: ", ")
            + "; \(Duration.text(work)) of work in \(Duration.text(seconds))"
    }

    /// The table of the build's report, if it has one.
    private func reportTable(of outcome: BuildOutcome, in store: Store) throws -> String? {
        let report = outcome.targets.first { $0.name == "report" }?.result
        return try report.flatMap { try store.report(in: $0.artifact) }.map { ReportTable($0).text }
    }

    /// The command that tries the last variant's model on a question of its own test set; where prompts list functions, the
    /// one that shows the model; the one that goes on where the build did not end.
    private func nextCommand(after outcome: BuildOutcome, of file: RecipeFile, in store: Store) throws -> String? {
        guard outcome.succeeded else {
            let again = ([file.path] + targets).map { "\(ShellWord($0))" }.joined(separator: " ")
            return outcome.wasInterrupted
                ? "build \(again)" : outcome.notStarted.isEmpty ? nil : "build --keep-going \(again)"
        }
        let models = outcome.targets.filter { $0.name != "teacher" && $0.result.artifact.isModel }
        guard let model = models.last?.name else { return nil }
        let stages = outcome.wanted.map { (outcome.graph[$0], outcome[$0]) }
        guard stages.contains(where: { $0.0.kind == EvalGenerate.name && $0.0.parameters["prompt"] == "query" }),
            let data = stages.first(where: { $0.0.kind == DataSplit.name })?.1, let file = data.artifact[DataFiles.test.name],
            let line = try store.readObject(file.digest).split(separator: UInt8(ascii: "\n")).first,
            let row = try? Row(json: JSON(parsing: line))
        else { return "show \(model)" }
        return "run \(model) \"\(row.query.filter { $0 != "\"" })\""
    }
}
