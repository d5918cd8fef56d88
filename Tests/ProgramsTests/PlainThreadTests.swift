import Foundation
import Testing

@testable import Programs

struct PlainThreadTests {
    @Test func asManyThreadsAsAreExpectedCanBeMade() throws {
        try PlainThread.expect(16)
        #expect(PlainThread.shortage() == nil)
    }

    /// A process that may have few addresses cannot make very many threads, each with a stack of its own.
    @Test func threadsThatCannotBeMadeAreAnError() {
        #expect(throws: ThreadShortage.self) { try PlainThread.expect(1_000_000) }
    }
}
