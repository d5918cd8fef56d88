import BuildModel
import CanonicalJSON
import Engine
import Foundation
import Kinds
import Load
import Words

extension BenchServe: RunnableStage {
    static let serving = File<JSON>("serving.json")
    package static let artifact: [Output] = [.figures(serving, as: .serving)]

    package func run(in context: StageContext) throws {
        guard !clients.isEmpty else { throw StageFailure("bench.serve needs a number of clients") }
        guard let server = context.server else { throw StageFailure("nobody is there to serve the model") }
        let questions = try questions(in: context)
        var caches = [("warm", true)]
        if coldCache { caches.append(("cold", false)) }
        var figures: [String: JSON] = [
            "threads": .count(context.workers.threads), "processor": .string("\(ProcessorModel.current)"),
        ]
        var progress = LoadProgress(total: caches.count * (clients.count + rates.count), context: context)
        for (name, keepsPrefixes) in caches {
            let offer = ServerProgram.Offer(
                model: context.input("model"), data: context.input("data"), prompt: prompt, answer: answer,
                keepsPrefixes: keepsPrefixes, threads: context.workers.threads)
            figures[name] = try server.serving(offer) { running -> JSON in
                do {
                    return try measure(running, asking: questions, &progress)
                } catch let failure as LoadFailure {
                    throw StageFailure("the model's server: \(failure)")
                }
            }
        }
        let warm = figures["warm"]?["clients"]?.object ?? [:]
        figures["latency"] = clients.min().flatMap { warm[String($0)]?["response"]?["p50"] }
        figures["queries_per_second"] = warm.values.compactMap { $0["queries_per_second"]?.double }.max().map(JSON.number)
        try context.write(.object(figures), to: Self.serving)
    }

    /// What the rows of the set ask: what their files have, for the server knows what the task adds.
    private func questions(in context: StageContext) throws -> [LoadQuestion] {
        let rows = try context.readEvaluatedRows(of: rowSet)
        guard !rows.isEmpty else { throw StageFailure("the set '\(rowSet)' has no rows to ask") }
        let task = try context.readTask()
        guard ![.choice, .rank].contains(task.kind) else {
            throw StageFailure(
                "latency is measured on answers that a model writes, and those of the task '\(task.kind.rawValue)' are chosen; "
                    + "leave the metric out")
        }
        let pool = Set(task.functions.keys)
        return try rows.map { row -> LoadQuestion in
            // A server shows all of its functions unless a request brings others.
            let bringsOwn = row.definitions != nil || !row.functions.isEmpty && Set(row.functions) != pool
            let isShown = prompt == .tools && task.kind == .calls
            let tools = try isShown && bringsOwn ? PromptStyle.definitions(of: row, task.functions).map(\.tool) : []
            return .chat(messages: row.chat.map(\.json), tools: tools)
        }
    }

    /// Puts each load on the server, one after the other.
    private func measure(
        _ server: RunningServer, asking questions: [LoadQuestion], _ progress: inout LoadProgress
    ) throws -> JSON {
        let client = try LoadClient(ServerAddress(host: server.host, port: server.port))
        let settings = LoadSettings(model: server.model, maxTokens: maxTokens)
        let bodies = questions.map { settings.body($0) }
        let body: (Int) -> [UInt8] = { bodies[$0 % bodies.count] }
        let process = ServerProcess(id: server.id)
        // What a server does only once, and what it keeps of prompts, is done before.
        _ = try client.measure(.warmUp(requests: bodies.count, seconds: loadTime), body: body)
        func figures(of load: Load) throws -> JSON {
            let measurement = try client.measure(load, of: process, objective: objective, body: body)
            guard measurement.summary.answered > 0 else {
                let reason = measurement.summary.failures.keys.min() ?? "it was asked nothing"
                throw StageFailure("the model's server gave no answer: \(reason)")
            }
            progress.step()
            return measurement.json
        }
        var byClients: [String: JSON] = [:]
        for count in clients {
            byClients[String(count)] = try figures(of: .closed(clients: count, requests: nil, seconds: loadTime))
        }
        var byRate: [String: JSON] = [:]
        for rate in rates {
            let requests = max(Self.fewestRequests, Int((rate * loadTime).rounded(.up)))
            let random = Philox(seed: Self.seed, purpose: .arrivals)
            byRate[JSON.number(rate).canonicalText] = try figures(
                of: .poisson(rate: rate, requests: requests, seconds: nil) { random.uniform(UInt32($0)) })
        }
        var all: [String: JSON] = ["clients": .object(byClients), "rates": .object(byRate)]
        all["memory"] = process.peakMemory.map(JSON.count)
        return .object(all)
    }

    private var objective: ServiceObjective? {
        .stated(firstToken: firstToken, furtherToken: furtherToken)
    }

    /// Arrivals are the same for every model.
    private static let seed: UInt64 = 1
    /// Of a rate, for percentiles that say something.
    private static let fewestRequests = 30
}

/// How many loads are done.
private struct LoadProgress {
    let total: Int
    let context: StageContext
    private var done = 0

    init(total: Int, context: StageContext) { (self.total, self.context) = (total, context) }

    mutating func step() {
        done += 1
        context.report(StageProgress(done: done, total: total, unit: "load"))
    }
}
