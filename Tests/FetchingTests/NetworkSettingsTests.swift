import Foundation
import TestSupport
import Testing

@testable import HTTP

/// Private authorities and proxies, as git's and curl's settings name them.
@Suite struct NetworkSettingsTests {
    private func rule(
        _ address: String = "https://git.example.com/team/x.git", git: [(name: String, value: String)] = [],
        _ environment: [String: String] = [:]
    ) throws -> ConnectionRule {
        NetworkSettings(environment: environment, git: git).rule(for: try #require(URL(string: address)))
    }

    @Test func nothingSetMeansTheSystem() throws { #expect(try rule() == ConnectionRule()) }

    @Test func theFirstOfTheUsualPlacesCounts() throws {
        let folder = TemporaryFolder()
        var environment = ["SSL_CERT_FILE": "/f", "SSL_CERT_DIR": "/nowhere:\(folder.url.path):/tmp"]
        #expect(try rule(environment).authorityFile == "/f")
        #expect(try rule(environment).authorityFolder == folder.url.path)
        #expect(try rule(["SSL_CERT_DIR": "/nowhere"]) == ConnectionRule())
        environment["CURL_CA_BUNDLE"] = "/curl"
        #expect(try rule(environment).authorityFile == "/curl")
        #expect(try rule(environment).authorityFolder == nil)
        #expect(
            try rule(git: [("http.sslcainfo", "~/ca")], environment.merging(["HOME": "/h"]) { $1 }).authorityFile == "/h/ca")
        environment["GIT_SSL_CAINFO"] = "/git"
        #expect(try rule(git: [("http.sslcainfo", "/ca")], environment).authorityFile == "/git")
    }

    private func rule(_ environment: [String: String]) throws -> ConnectionRule { try rule(git: [], environment) }

    @Test func theSettingThatSaysMostOfTheAddressCounts() throws {
        let git = [
            ("http.sslcainfo", "all"), ("http.https://git.example.com/.sslcainfo", "host"),
            ("http.https://git.example.com/team.sslcainfo", "team"), ("http.https://*.example.com/.sslcainfo", "wild"),
            ("http.https://git.example.com:8443/.sslcainfo", "port"), ("http.http://git.example.com/.sslcainfo", "clear"),
            ("http.https://git.example.com/te.sslcainfo", "half a name"),
        ]
        #expect(try rule(git: git).authorityFile == "team")
        #expect(try rule("https://git.example.com/teams/x", git: git).authorityFile == "host")
        #expect(try rule("https://git.example.com:443/", git: git).authorityFile == "host")
        #expect(try rule("https://git.example.com:8443/", git: git).authorityFile == "port")
        #expect(try rule("https://other.example.com/", git: git).authorityFile == "wild")
        #expect(try rule("https://a.other.example.com/", git: git).authorityFile == "all")
        #expect(try rule("http://git.example.com/", git: git).authorityFile == "clear")
        #expect(try rule(git: git + [("http.https://git.example.com/team/.sslcainfo", "later")]).authorityFile == "later")
    }

    @Test(arguments: ["false", "no", "off", "0", "False"])
    func certificatesMayGoUnchecked(value: String) throws {
        #expect(try rule(git: [("http.sslverify", value)]).checksCertificate == false)
        #expect(
            try rule(git: [("http.sslverify", value), ("http.https://git.example.com.sslverify", "true")]).checksCertificate)
        #expect(try rule(git: [("http.https://other.example.com/.sslverify", value)]).checksCertificate)
    }

    @Test func proxiesComeFromGitOrFromTheEnvironment() throws {
        #expect(try rule(git: [("http.proxy", "p:1")]).proxy == "http://p:1")
        #expect(try rule(["HTTPS_PROXY": "http://e:2"]).proxy == "http://e:2")
        #expect(try rule(git: [("http.proxy", "p:1")], ["https_proxy": "e"]).proxy == "http://p:1")
        #expect(try rule(git: [("http.proxy", "")], ["https_proxy": "e"]).proxy == nil)
        #expect(try rule("http://h/", ["HTTPS_PROXY": "e", "HTTP_PROXY": "e"]).proxy == nil)
        #expect(try rule("http://h/", ["http_proxy": "e"]).proxy == "http://e")
        #expect(try rule(["ALL_PROXY": "socks5://e"]).proxy == "socks5://e")
    }

    private func rule(_ address: String, _ environment: [String: String]) throws -> ConnectionRule {
        try rule(address, git: [], environment)
    }

    @Test(arguments: [
        ("example.com", true), (".example.com", true), ("git.example.com", true), ("a.b, example.com", true), ("*", true),
        ("ample.com", false), ("example.org", false), ("", false),
    ])
    func someHostsAreReachedWithoutAProxy(list: String, isDirect: Bool) throws {
        for name in ["NO_PROXY", "no_proxy"] {
            #expect(try (rule(git: [("http.proxy", "p")], [name: list]).proxy == nil) == isDirect)
        }
    }

    @Test func networksAreReachedWithoutAProxy() throws {
        let environment = ["https_proxy": "p", "no_proxy": "10.0.0.0/8"]
        #expect(try rule("https://10.1.2.3/", environment).proxy == nil)
        #expect(try rule("https://11.1.2.3/", environment).proxy == "http://p")
    }
}

/// Redirections, and what goes along.
@Suite struct RedirectionTests {
    private func follow(_ from: String, _ location: String) throws -> HTTPRequest {
        let url = try #require(URL(string: from))
        let request = HTTPRequest(url: url, headers: [("Authorization", "a"), ("Range", "bytes=1-"), ("X-Token", "t")])
        let answer = HTTPAnswer(status: 302, headers: ["location": location])
        return try Redirection.request(after: answer, to: request.withLoginAsHeader)
    }

    @Test(arguments: [
        ("http://h/a", "/b", true), ("http://h/a", "http://h:80/b", true), ("https://h/a", "https://H/b", true),
        ("http://h/a", "http://h:81/b", false), ("http://h/a", "https://h/b", false), ("http://h/a", "http://g/b", false),
        ("http://h/a", "//g/b", false), ("https://h:443/a", "https://h./b", true),
    ])
    func loginsStayWithTheirServer(from: String, to: String, isSame: Bool) throws {
        let names = try follow(from, to).headers.map(\.name)
        #expect(names.contains("Range"))
        #expect(names.contains("Authorization") == isSame)
        #expect(names.contains("X-Token") == isSame)
    }

    @Test(arguments: [
        ("https://h/a", "http://h/b"), ("http://h/a", "file:///etc/passwd"), ("http://h/a", "ftp://h/b"),
        ("http://h/a", "http://h/%0d%0aX: y"), ("http://h/a", "gopher://h:25/x"),
    ])
    func someRedirectionsAreNotFollowed(from: String, to: String) {
        #expect(throws: HTTPFailure.self) { try follow(from, to) }
    }

    @Test func aLoginOfAnAddressIsAHeaderLikeAnyOther() throws {
        let url = try #require(URL(string: "http://me:open%20sesame@h/a"))
        let request = HTTPRequest(url: url).withLoginAsHeader
        #expect(request.url.absoluteString == "http://h/a")
        #expect(request.headers.map(\.value) == ["Basic bWU6b3BlbiBzZXNhbWU="])
        let answer = HTTPAnswer(status: 302, headers: ["location": "http://g/b"])
        #expect(try Redirection.request(after: answer, to: request).headers.isEmpty)
    }

    /// A source with a login in its address, led to another port.
    @Test func aDownloadTakesNoLoginAlong() async throws {
        let (home, abroad) = (TemporaryFolder(), TemporaryFolder())
        let (first, second) = (try FileServer(home.url), try FileServer(abroad.url))
        try abroad.write("content", to: "file")
        try home.write(second.address + "/file", to: "file.redirect")
        let place = TemporaryFolder()
        let address = first.address.replacing("//", with: "//bob:PASSW0RD@") + "/file"
        try await FileDownload(#require(URL(string: address))).write(to: place.file("x"))
        #expect(try place.text("x") == "content")
        #expect(first.requests.allSatisfy { $0.contains("Basic ") })
        #expect(second.requests == ["/file -"])
    }

    @Test func anAddressThatLeadsToItselfEnds() async throws {
        let folder = TemporaryFolder()
        let server = try FileServer(folder.url)
        try folder.write(server.address + "/file", to: "file.redirect")
        let place = TemporaryFolder()
        let download = FileDownload(try #require(URL(string: server.address + "/file")))
        await #expect(throws: DownloadError.unreachable(reason: "it redirects more than 8 times")) {
            try await download.write(to: place.file("x"))
        }
    }

    @Test func aHeaderOfTwoLinesIsNotSent() throws {
        let url = try #require(URL(string: "http://127.0.0.1:1/"))
        let request = HTTPRequest(url: url, headers: [("X-A", "b\r\nHost: evil")])
        #expect(throws: HTTPFailure.self) { try ConnectionPool().send(request, to: BytesSink(limit: 1)) }
    }
}

/// The one rule for requests that fail.
@Suite struct RetryTests {
    @Test func waitsGrowAndEnd() {
        var retries = Retries(attempts: 3, backoff: Backoff(first: 1, cap: 10))
        let pauses = (0..<3).map { _ in retries.pause(asked: nil, subject: "x") }
        #expect(pauses[0].map { (0.5...1).contains($0) } == true)
        #expect(pauses[1].map { (1...2).contains($0) } == true)
        #expect(pauses[2] == nil)
    }

    @Test func theServersWishCountsWhereItIsLonger() {
        var retries = Retries(backoff: Backoff(first: 1, cap: 10))
        #expect(retries.pause(asked: 7, subject: "x") == 7)
        #expect(retries.pause(asked: 0, subject: "x").map { $0 > 0.9 } == true)
    }

    @Test func progressStartsTheCountAnew() {
        var retries = Retries(attempts: 2, backoff: Backoff(first: 0.1, cap: 1))
        for megabytes in 1...10 { #expect(retries.pause(asked: nil, reached: megabytes << 20, subject: "x") != nil) }
        #expect(retries.pause(asked: nil, reached: 10 << 20, subject: "x") == nil)
    }
}
