import Foundation
import Testing

@testable import Sharing

@Suite struct AddressTests {
    @Test func everyWayToNameARemoteIsRead() throws {
        func place(_ text: String) throws -> String {
            switch try RemoteAddress(text).place {
            case .path(let url): "path \(url.path)"
            case .http(let url): "http \(url)"
            case .ssh(let text): "ssh \(text)"
            }
        }
        #expect(try place("/srv/models.git") == "path /srv/models.git")
        #expect(try place("../models.git").hasPrefix("path /"))
        #expect(try place("file:///srv/a%20b.git") == "path /srv/a b.git")
        #expect(try place("https://example.com/a/b") == "http https://example.com/a/b")
        #expect(try place("ssh://git@example.com:22/a.git") == "ssh ssh://git@example.com:22/a.git")
        #expect(try place("git@example.com:a/b.git") == "ssh git@example.com:a/b.git")
        for text in ["", "-oProxyCommand=x", "git://example.com/a", "ftp://x/y", "ext::sh -c x", "file://elsewhere/a", "a\nb"] {
            #expect(throws: SharingError.self, "\(text)") { try RemoteAddress(text) }
        }
    }

    @Test func passwordsAreNeitherShownNorKept() throws {
        let address = try RemoteAddress("https://me:secret@example.com:8443/a.git")
        #expect(address.login?.password == "secret")
        #expect(address.text == "https://example.com:8443/a.git")
        #expect(address.textWithUser == "https://me@example.com:8443/a.git")
        for text in [
            "git://me:secret@example.com/a", "ssh://me:secret@example.com/a", "https://me:secret@/a", "http://me:secret@a b/",
        ] {
            let error = #expect(throws: SharingError.self) { try RemoteAddress(text) }
            #expect(error?.description.contains("secret") == false)
        }
    }

    @Test func theObjectServerIsWhereGitLFSLooks() throws {
        #expect(try RemoteAddress("https://h/foo/bar").discoveredServer?.absoluteString == "https://h/foo/bar.git/info/lfs")
        #expect(try RemoteAddress("http://h/foo/bar.git").discoveredServer?.absoluteString == "http://h/foo/bar.git/info/lfs")
        #expect(try RemoteAddress("https://h/foo/bar/").discoveredServer?.absoluteString == "https://h/foo/bar.git/info/lfs")
        #expect(try RemoteAddress("git@h:foo").discoveredServer == nil)
    }
}
