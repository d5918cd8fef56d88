import Foundation
import TestSupport
import Testing

@testable import Fetching

@Suite struct WorkspaceTests {
    let place = TemporaryFolder()

    @Test func aKilledFetchLeavesNothingForLong() throws {
        // As a killed process leaves it: with a lock that nobody holds.
        try place.write("half a file", to: "decant-fetch-gone/file")
        try place.write("", to: "decant-fetch-gone/.lock")
        let running = try WorkspaceFolder(in: place.url)
        let another = try WorkspaceFolder(in: place.url)
        #expect(try place.names() == [running.url.lastPathComponent, another.url.lastPathComponent].sorted())
        running.remove()
        #expect(try place.names() == [another.url.lastPathComponent])
    }

    @Test func whatIsNotAFetchStays() throws {
        try place.write("mine", to: "decant-fetch-notes")
        try place.write("mine", to: "other/.lock")
        try WorkspaceFolder(in: place.url).remove()
        #expect(try place.names() == ["decant-fetch-notes", "other"])
    }
}
