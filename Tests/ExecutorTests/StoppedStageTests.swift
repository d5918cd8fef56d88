import BuildModel
import Executor
import Foundation
import TestSupport
import Testing

/// How long a runner waits for a stage that it asks to stop.
@Suite struct StoppedStageTests {
    private let folder = TemporaryFolder()

    /// Runs a stage that a shell script plays, and stops it once it has reported.
    private func stop(_ onTerm: String) async throws -> (exit: StageExit, time: Duration) {
        let script = folder.file("stage")
        try folder.write(
            """
            #!/bin/sh
            trap '\(onTerm)' TERM
            echo '{"done":1,"readings":{},"total":9,"unit":"step"}'
            while :; do /bin/sleep 0.05; done
            """, to: "stage")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: script.path)
        let runner = LocalRunner(executable: script)
        let workspace = StageWorkspace(directory: folder.url)
        let (reports, feed) = AsyncStream<Void>.makeStream()
        let running = Task { try await runner.run(workspace, threads: 1) { _ in feed.yield() } }
        for await _ in reports { break }
        let asked = ContinuousClock.now
        running.cancel()
        return (try await running.value, ContinuousClock.now - asked)
    }

    private static let announcement = #"{"done":1,"readings":{},"stops_within":20,"total":9,"unit":"step"}"#

    @Test func itWaitsForOneThatSaysHowLongItNeeds() async throws {
        let line = Self.announcement.replacing("\"", with: "\\\"")
        let (exit, time) = try await stop("echo \"\(line)\"; /bin/sleep 3; exit 75")
        #expect(exit.status == StageExit.interrupted)
        #expect(time >= .seconds(3))
    }

    @Test func itEndsOneThatSaysNothing() async throws {
        let (exit, time) = try await stop("/bin/sleep 30 > /dev/null; exit 75")
        #expect(exit.status == -SIGKILL)
        #expect(time < .seconds(20))
    }
}
