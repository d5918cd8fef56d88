import ArgumentParser
import BuildModel
import CanonicalJSON
import Endpoints
import Engine
import Executor
import Fetching
import Foundation
import Planner
import Sharing
import Stages
import Store

struct BuildCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build", abstract: "Build a recipe; run only the stages whose inputs changed.")

    @Argument(help: "The recipe.")
    var recipe: String

    @Argument(help: "Stages or targets to build (else all targets).")
    var targets: [String] = []

    @OptionGroup var resourceOptions: ResourceOptions

    @Flag(name: .shortAndLong, help: "After a failure, finish all that does not depend on it.")
    var keepGoing = false

    @Option(help: .hidden)
    var checkpointSeconds: Int?

    @Option(help: "Take results that this path, address or remote of the lineage repository has, instead of running stages.")
    var remote: String?

    @Flag(inversion: .prefixedNo, help: "Sign the build with git's user.signingkey (else as commit.gpgsign says).")
    var sign: Bool?

    @OptionGroup var storeOptions: StoreOptions
    @OptionGroup var output: OutputOptions

    private static let manyStages = 500

    func run() async throws {
        let store = try storeOptions.open()
        // Beside the planning, where that takes its time: a recipe may have ten thousand stages.
        let preparing = Task.detached {
            try await Task.sleep(for: .milliseconds(30))
            try store.prepare(for: 10_000)
        }
        let file = try RecipeFile(path: recipe)
        let graph = try file.graph { try store.digest(ofFileAt: $0) }
        let keys = await takeKeys(for: graph, after: preparing)
        // A key that is missing is said before anything runs.
        let signer = try SSHSigner.forBuilds(asked: sign, store.signingSettings())
        let wanted = try targets.isEmpty ? graph.targets.map(\.stage) : targets.map { try graph.find($0, of: recipe) }
        let runnerOptions = checkpointSeconds.map { ["--checkpoint-seconds", String($0)] } ?? []
        let executor = Executor(
            store: store, runner: try LocalRunner.ofThisProgram(options: runnerOptions),
            fetcher: NetworkFetcher(), remote: try await remoteResults(for: store), endpoints: RecordingClient(store: store, keys: keys),
            resources: resourceOptions.resources, keepsGoing: keepGoing)
        let progress: any BuildProgress =
            if output.asJSON { JSONProgress() } else if Console.progressIsTerminal { TerminalProgress() } else {
                PlainProgress()
            }

        // A few stages are looked up one by one, however long the store's history is.
        if wanted.count < Self.manyStages {
            preparing.cancel()
            // What still held the store when the program ends would keep the index from being closed.
            _ = await preparing.result
        } else {
            try await preparing.value
        }
        let started = Date()
        let build = Task {
            try await executor.build(
                graph, targets: wanted, beforeRunning: { try Self.refuseWhatCannotRun(graph, wanted) },
                onEvent: { progress.receive($0) })
        }
        let interruption = Interruption { build.cancel() }
        let outcome = try await Self.namingMissingSources { try await build.value }
        interruption.end()
        if outcome.succeeded {
            if targets.isEmpty {
                try recordBuild(outcome, of: file, signer, in: store)
            } else {
                let named = outcome.targets.map { NamedCommit(name: $0.name, commit: $0.result.commit) }
                try store.remember(names: outcome.record + named, of: file.name)
            }
        }
        try report(outcome, of: file, seconds: Date().timeIntervalSince(started), store: store)
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

    /// Before anything is started that would inherit them, and while nobody else reads the environment.
    private func takeKeys(for graph: Graph, after preparing: Task<Void, any Error>) async -> EndpointKeys {
        let accesses = graph.stages.compactMap(\.endpoint)
        guard !accesses.isEmpty else { return EndpointKeys() }
        _ = await preparing.result
        return EndpointKeys.taken(for: accesses)
    }

    private func remoteResults(for store: Store) async throws -> (any RemoteResults)? {
        guard let remote else { return nil }
        return await RemoteCache(try Remote(remote, for: store), for: store) { Console.progress("warning: \($0)") }
    }

    /// What this version cannot do is said before anything runs, not after hours.
    private static func refuseWhatCannotRun(_ graph: Graph, _ wanted: [StageID]) throws {
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
