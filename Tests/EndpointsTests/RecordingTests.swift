import BuildModel
import CanonicalJSON
import Foundation
import Synchronization
import Testing

@testable import Endpoints
@testable import Store

/// What was answered is asked no more.
@Suite struct RecordingTests {
    let server: EndpointServer

    init() throws { server = try EndpointServer() }

    @Test func aSecondBuildAsksNothing() async throws {
        let questions = EndpointServer.questions(0..<12)
        let first = try await EndpointServer.client(server.store()).answers(to: questions, at: server.access())
        #expect(first.map(\.key) == questions.map(\.key))
        #expect(try server.requests().count == 12)
        let second = try await EndpointServer.client(server.store()).answers(to: questions, at: server.access())
        #expect(second == first)
        #expect(try server.requests().isEmpty)
    }

    @Test func onlyWhatIsMissingIsAsked() async throws {
        let client = try EndpointServer.client(server.store())
        _ = try await client.answers(to: EndpointServer.questions(0..<8), at: server.access())
        _ = try server.requests()
        let more = try await client.answers(to: EndpointServer.questions(4..<11), at: server.access())
        #expect(more.count == 7)
        #expect(Set(try server.requests().compactMap { $0["seed"]?.integer }) == [8, 9, 10])
    }

    /// A server that has moved, other limits and another pace change no key; model, settings and prompt do.
    @Test func theKeyIsThatOfModelPromptAndSettings() async throws {
        let client = try EndpointServer.client(server.store())
        let questions = EndpointServer.questions(0..<3)
        _ = try await client.answers(to: questions, at: server.access())
        _ = try server.requests()
        let elsewhere = server.access {
            $0.url = "http://localhost:1/v1"
            $0.maxRequests = 1
            $0.concurrency = 9
            $0.retries = 0
        }
        #expect(try await client.answers(to: questions, at: elsewhere).count == 3)
        _ = try await client.answers(to: EndpointServer.questions(0..<3, model: "larger"), at: server.access())
        _ = try await client.answers(to: EndpointServer.questions(0..<3, temperature: 0.8), at: server.access())
        #expect(try server.requests().count == 6)
    }

    @Test func equalQuestionsAreAskedOnce() async throws {
        let questions = EndpointServer.questions(0..<3) + EndpointServer.questions(1..<4)
        let answers = try await EndpointServer.client(server.store()).answers(to: questions, at: server.access())
        #expect(answers.map(\.key) == questions.map(\.key))
        #expect(try server.requests().count == 4)
    }

    /// Every fault of the server, then what was answered: each question has one answer, and none was asked for again after it.
    @Test func nothingIsLostWithABadServer() async throws {
        try server.set(["faults": 0.6])
        let questions = EndpointServer.questions(0..<60)
        let access = server.access {
            $0.concurrency = 8
            $0.timeout = 3
        }
        let answers = try await EndpointServer.client(server.store()).answers(to: questions, at: access)
        #expect(answers.map(\.key) == questions.map(\.key))
        let requests = try server.requests()
        let faults = Set(requests.compactMap { $0["what"]?.string })
        #expect(faults.isSuperset(of: ["answer", "429", "500", "reset", "malformed", "empty", "stall"]))
        let answered = requests.filter { $0["what"] == "answer" }.compactMap { $0["identity"]?.string }
        #expect(answered.count == 60 && Set(answered).count == 60)
    }

    @Test func atMostSoManyRequestsRunAtOnce() async throws {
        try server.set(["pause": 0.15])
        let started = ContinuousClock.now
        _ = try await EndpointServer.client(server.store()).answers(
            to: EndpointServer.questions(0..<6), at: server.access { $0.concurrency = 2 })
        // Three rounds of two; a sleep is never shorter than it says.
        #expect(ContinuousClock.now - started >= .seconds(0.45))
    }

    @Test func severalClientsShareOneRecording() async throws {
        try server.set(["pause": 0.01])
        let server = server
        let url = server.folder.appending(path: "store")
        let access = server.access()
        let counts = try await withThrowingTaskGroup(of: Int.self) { group in
            for part in 0..<4 {
                group.addTask {
                    try await EndpointServer.client(Store(at: url)).answers(
                        to: EndpointServer.questions(part * 5..<part * 5 + 20), at: access
                    ).count
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(counts == [20, 20, 20, 20])
        let requests = try server.requests()
        #expect(requests.count == 35 && Set(requests.compactMap { $0["seed"]?.integer }).count == 35)
    }

    /// A colleague's artifact came with its exchanges, and no journal.
    @Test func exchangesOfArtifactsAreTakenUp() async throws {
        let questions = EndpointServer.questions(0..<5)
        let exchanges = try await EndpointServer.client(server.store()).answers(to: questions, at: server.access())
        let theirs = try server.store("theirs")
        let outputs = server.folder.appending(path: "outputs", directoryHint: .isDirectory)
        try FileManager.default.createDirectory(at: outputs, withIntermediateDirectories: true)
        let lines = exchanges.dropLast().map(\.json.canonicalText).joined(separator: "\n") + "\n"
        try Data(lines.utf8).write(to: outputs.appending(path: ChatExchange.fileName))
        let action = Action(kind: "endpoint.sample", revision: 1, parameters: [:], inputs: [], numerics: .portable)
        _ = try theirs.record(action, parents: [], artifact: theirs.takeDirectory(outputs))
        _ = try server.requests()
        let again = try await EndpointServer.client(theirs).answers(to: questions, at: server.access())
        #expect(again.map(\.key) == exchanges.map(\.key))
        #expect(try server.requests().compactMap { $0["seed"]?.integer } == [4])
    }

    @Test func aCancelledRunKeepsWhatItWasAnswered() async throws {
        try server.set(["pause": 0.05])
        let store = try server.store()
        let access = server.access { $0.concurrency = 2 }
        let questions = EndpointServer.questions(0..<400)
        let progress = Mutex(0)
        let task = Task {
            try await EndpointServer.client(store).answers(
                to: questions, at: access,
                onProgress: { reading in progress.withLock { $0 = reading.done } })
        }
        while progress.withLock({ $0 }) < 5 { try await Task.sleep(for: .milliseconds(5)) }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        let before = try server.requests()
        #expect(before.count < questions.count)
        try server.set([:])
        _ = try await EndpointServer.client(store).answers(to: questions, at: access)
        let seeds = (before + (try server.requests())).compactMap { $0["seed"]?.integer }
        #expect(seeds.count == questions.count && Set(seeds).count == questions.count)
    }
}
