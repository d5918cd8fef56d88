import BuildModel
import CanonicalJSON
import Foundation
import Synchronization
import Testing

@testable import Endpoints
@testable import HTTP
@testable import Store

/// What the server will not give, and what the recipe does not allow.
@Suite struct RefusalTests {
    let server: EndpointServer

    init() throws { server = try EndpointServer() }

    private func failure(
        _ count: Int = 3, keys: [String: String] = [:], _ change: (inout EndpointAccess) -> Void = { _ in }
    ) async throws -> EndpointError? {
        let access = server.access(change)
        let client = try EndpointServer.client(server.store(), keys: keys)
        do {
            _ = try await client.answers(to: EndpointServer.questions(0..<count), at: access)
            return nil
        } catch let error as EndpointError {
            return error
        }
    }

    @Test(arguments: [
        (400, "'max_tokens'"), (401, "no key was sent"), (403, "no key was sent"), (404, "'url', which ends in /v1"),
        (307, "has moved"), (422, "'model'"),
    ])
    func aPermanentErrorEndsItAtOnce(status: Int, fix: String) async throws {
        try server.set(["refuse": .integer(Int64(status)), "message": "that is\nwrong"])
        let text = try #require(try await failure { $0.concurrency = 1 }).description
        #expect(text.contains("HTTP status \(status): that is wrong"))
        #expect(text.contains(fix))
        #expect(text.contains("/v1/chat/completions"))
        #expect(try server.requests().count == 1)
    }

    @Test func aUsedUpAccountIsNotAskedAgain() async throws {
        try server.set(["refuse": 429, "code": "insufficient_quota", "message": "you have no money"])
        let text = try #require(try await failure { $0.concurrency = 1 }).description
        #expect(text.contains("you have no money") && text.contains("the server's bill"))
        #expect(try server.requests().count == 1)
    }

    @Test(arguments: ["500", "429", "reset", "malformed", "empty"])
    func aServerThatNeverAnswersIsGivenUp(fault: String) async throws {
        try server.set(["always": .string(fault)])
        let failure = try await failure(1) { $0.retries = 2 }
        let text = failure?.description ?? "no failure"
        #expect(text.firstMatch(of: /gave no answer in 3 attempts: .+; what was answered is recorded/) != nil, "\(text)")
        #expect(try server.requests().count == 3)
    }

    @Test func aStalledRequestEndsAtItsTime() async throws {
        try server.set(["always": "stall"])
        let failure = try await failure(1) {
            $0.retries = 0
            $0.timeout = 0.3
        }
        #expect(failure?.description.contains("1 attempts") == true, "\(failure.map(String.init(describing:)) ?? "")")
    }

    /// All that ask wait, not only the one that was told to.
    @Test func retryAfterIsHeeded() async throws {
        try server.set(["always": "429"])
        let started = ContinuousClock.now
        _ = try await failure(1) { $0.retries = 2 }
        #expect(ContinuousClock.now - started >= .seconds(0.4))
        let then = try #require(
            RetryAfter.seconds("Wed, 21 Oct 2015 07:28:30 GMT", now: Date(timeIntervalSince1970: 1_445_412_480)))
        #expect(then == 30)
        #expect(RetryAfter.seconds("7") == 7 && RetryAfter.seconds("soon") == nil && RetryAfter.seconds("1e9") == 600)
    }

    @Test func waitingGrowsToItsCapAndIsTheSameEveryTime() {
        let backoff = Backoff(first: 0.5, cap: 60)
        let keys = (0..<50).map { Digest(hashing: "\($0)") }
        for attempt in 1...12 {
            let whole = min(60, 0.5 * pow(2, Double(attempt - 1)))
            let waits = keys.map { backoff.seconds(after: attempt, asking: $0) }
            #expect(waits.allSatisfy { $0 > whole / 2 && $0 <= whole })
            #expect(Set(waits).count > 40)
            #expect(waits == keys.map { backoff.seconds(after: attempt, asking: $0) })
        }
    }

    @Test func theBudgetOfRequestsIsKeptAndSaysHowToGoOn() async throws {
        let text = try #require(try await failure(10) { $0.maxRequests = 4 }).description
        #expect(text.contains("'max_requests: 4'") && text.contains("4 of 10 answers are recorded, 6 are missing"))
        #expect(try server.requests().count == 4)
        // The next build has a budget of its own, and asks what is missing.
        #expect(try await failure(10) { $0.maxRequests = 6 } == nil)
        #expect(try server.requests().count == 6)
    }

    @Test func oneBuildHasOneBudget() async throws {
        let access = server.access { $0.maxRequests = 5 }
        let client = try EndpointServer.client(server.store())
        _ = try await client.answers(to: EndpointServer.questions(0..<4), at: access)
        await #expect(throws: EndpointError.self) {
            try await client.answers(to: EndpointServer.questions(10..<14), at: access)
        }
        #expect(try server.requests().count == 5)
    }

    @Test func theBudgetOfMoneyCountsWhatTheServerCounts() async throws {
        // 100 tokens of a prompt and 20 of an answer: 0.002 a question.
        let price = EndpointAccess.Price(prompt: 10, answer: 50)
        let readings = Mutex<[Double]>([])
        let access = server.access {
            $0.maxCost = 0.01
            $0.price = price
            $0.concurrency = 1
        }
        let error = await #expect(throws: EndpointError.self) {
            try await EndpointServer.client(try server.store()).answers(
                to: EndpointServer.questions(0..<20), at: access,
                onProgress: { progress in readings.withLock { $0.append(progress.readings["cost"] ?? -1) } })
        }
        #expect(error?.description.contains("'max_cost: 0.01'") == true)
        #expect(try server.requests().count == 5)
        #expect(readings.withLock { $0.max() }.map { abs($0 - 0.01) < 1e-9 } == true)
        // Without a count, every byte is a token: never too little.
        try server.set(["usage": false])
        _ = try await failure(20) {
            $0.maxCost = 0.01
            $0.price = price
            $0.concurrency = 1
        }
        #expect(try server.requests().count == 1)
    }

    @Test func theKeyIsSentAndNeverKept() async throws {
        let key = "sk-test-4242/secret"
        try server.set(["key": .string(key), "echo": true])
        #expect(try await failure(keys: ["TEACHER_KEY": key]) { $0.key = .variable("TEACHER_KEY") } == nil)
        let headers = try server.requests().compactMap { $0["headers"]?["Authorization"]?.string }
        #expect(headers == Array(repeating: "Bearer \(key)", count: 3))
        for path in FileManager.default.enumerator(atPath: server.folder.appending(path: "store").path)?.allObjects ?? [] {
            guard let path = path as? String,
                let content = FileManager.default.contents(atPath: server.folder.appending(path: "store/\(path)").path)
            else { continue }
            #expect(!String(decoding: content, as: UTF8.self).contains("4242"), "\(path)")
        }
        // Nor does a message hold it, when the server sends it back.
        try server.set(["refuse": 401, "message": "wrong key", "echo": true])
        let text = try #require(
            try await failure(9, keys: ["TEACHER_KEY": key]) { $0.key = .variable("TEACHER_KEY") }
        ).description
        #expect(text.contains("wrong key Bearer (the key)") && text.contains("look at the key in the variable"))
    }

    @Test func keysComeFromTheirVariables() async throws {
        let missing = try await failure { $0.key = .variable("NOT_SET") }
        #expect(missing?.description.contains("NOT_SET, which 'api_key_env' names, is not set") == true)
        let evil = try await failure(keys: ["TWO_LINES": "a\r\nX-Evil: b"]) { $0.key = .variable("TWO_LINES") }
        #expect(evil?.description.contains("TWO_LINES holds is no key") == true)
        #expect(try server.requests().isEmpty)
        // The standard one goes where nobody can read it, even if nobody asked for it.
        let keys = EndpointKeys(["OPENAI_API_KEY": "k"])
        func sends(_ url: String, _ key: EndpointAccess.Key = .standard) throws -> Bool {
            try keys.key(for: EndpointAccess(url: url, key: key)) != nil
        }
        #expect(try sends("https://example.org/v1") && sends("http://localhost:1/v1") && sends("http://127.0.0.1/v1"))
        #expect(try !sends("http://example.org/v1") && !sends("https://example.org/v1", .none))
        // Not even a recipe that names it gets it sent where others can read it.
        #expect(throws: EndpointError.self) { try sends("http://example.org/v1", .variable("OPENAI_API_KEY")) }
        #expect(try EndpointKeys().key(for: EndpointAccess(url: "https://example.org/v1")) == nil)
    }

    @Test(arguments: ["example.org", "ftp://example.org", "http://", "http://a b"])
    func addressesAreChecked(url: String) async throws {
        #expect(try await failure { $0.url = url } == .badURL(url))
    }
}

/// Keys out of the environment, in processes of their own: nothing else may read an environment while it changes.
@Suite struct TakenKeyTests {
    @Test func takenKeysAreGoneFromTheEnvironment() async {
        await #expect(processExitsWith: .success) {
            setenv("DECANT_TEST_KEY", " k1 \n", 1)
            let access = EndpointAccess(url: "https://example.org/v1", key: .variable("DECANT_TEST_KEY"))
            let keys = EndpointKeys.taken(for: [access, access]) { _, _ in true }
            #expect(getenv("DECANT_TEST_KEY") == nil)
            #expect(try keys.key(for: access)?.header == "Bearer k1")
            let key = try #require(try keys.key(for: access))
            #expect(!"\(key)".contains("k1"))
        }
    }

    /// A recipe names a secret; that a host gets it, a person says.
    @Test func onlyAnAllowedHostGetsASecret() async {
        await #expect(processExitsWith: .success) { try TakenKeyTests.giveASecretToAnAllowedHost() }
    }

    private static func giveASecretToAnAllowedHost() throws {
        setenv("DECANT_TEST_SECRET", "k2", 1)
        let key = EndpointAccess.Key.variable("DECANT_TEST_SECRET")
        let good = EndpointAccess(url: "https://good.example.org/v1", key: key)
        let evil = EndpointAccess(url: "https://evil.example.org/v1", key: key)
        // What no host may have stays in the environment: a recipe cannot take PATH out of it.
        let none = EndpointKeys.taken(for: [evil]) { _, _ in false }
        #expect(getenv("DECANT_TEST_SECRET") != nil)
        #expect(throws: EndpointError.self) { try none.key(for: evil) }
        let keys = EndpointKeys.taken(for: [evil, good]) { $0 == "DECANT_TEST_SECRET" && $1 == "https://good.example.org/v1" }
        #expect(try keys.key(for: good)?.header == "Bearer k2")
        do {
            _ = try keys.key(for: evil)
            Issue.record("the secret was given away")
        } catch {
            #expect(error.description.contains("`decant trust secret DECANT_TEST_SECRET evil.example.org`"))
            #expect(!error.description.contains("k2"))
        }
    }
}
