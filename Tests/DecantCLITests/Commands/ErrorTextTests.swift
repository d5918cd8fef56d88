import Foundation
import Testing

@testable import DecantCLI

@Suite struct ErrorTextTests {
    @Test func anErrorOfTheSystemSaysWhatAndWhere() {
        #expect(text { try Data([1]).write(to: URL(filePath: "/dev/full")) } == "/dev/full: No space left on device")
        #expect(
            text { try FileManager.default.createDirectory(atPath: "/dev/null/x", withIntermediateDirectories: false) }
                == "/dev/null/x: Not a directory")
    }

    @Test func anErrorWithWordsOfItsOwnKeepsThem() {
        struct Failure: Error, CustomStringConvertible { var description = "in words" }
        #expect(text { throw Failure() } == "in words")
    }

    private func text(_ body: () throws -> Void) -> String? {
        do {
            try body()
            return nil
        } catch {
            return ErrorText.of(error)
        }
    }
}
