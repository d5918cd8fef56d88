import Foundation
import Testing

@testable import Programs

struct PlainThreadTests {
    @Test func asManyThreadsAsAreExpectedCanBeMade() throws {
        try PlainThread.expect(16)
        #expect(PlainThread.shortage() == nil)
    }
}
