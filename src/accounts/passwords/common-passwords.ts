/** The commonest passwords of 10 characters and more in lists of leaked ones, in lower case. */
export const commonPasswords: ReadonlySet<string> = new Set(
  `1234567890 12345678910 123456789a 123456789q 1234567891 123456789123 1234567890a 1234567899 0123456789
0987654321 9876543210 1122334455 1111111111 0000000000 2222222222 5555555555 7777777777 9999999999 1212121212
1231231231 123123123123 123456123456 12345612345 1234512345 123454321a 1q2w3e4r5t 1q2w3e4r5t6y 1qaz2wsx3edc
1qazxsw23edc q1w2e3r4t5 q1w2e3r4t5y6 qwertyuiop qwertyuiop123 qwerty123456 qwerty12345 qwerty1234 qwerty123!
qwertyuiop[] qwerty12345678 qwert12345 asdfghjkl; asdfghjkl1 asdfghjkl123 asdf1234567 asdfasdfasdf zxcvbnm123
zaq12wsxcde3 zaq1zaq1zaq1 poiuytrewq password12 password123 password1234 password12345 password123456 password1!
password123! password!23 passw0rd123 p@ssw0rd123 p@ssword123 passwordpassword password01 mypassword mypassword1
iloveyou12 iloveyou123 iloveyou1234 iloveyou22 iloveyouso iloveyou!! welcome123 welcome1234 welcome2024
welcome2025 welcome2026 letmein123 letmein1234 changeme123 changeme1234 administrator administrator1 admin12345
admin123456 admin1234567 adminadmin adminadmin123 rootrootroot superadmin superman123 batman12345 football123
baseball123 basketball basketball1 volleyball cheerleader sunshine12 sunshine123 princess12 princess123 monkey12345
dragon12345 master12345 shadow12345 michael123 charlie123 jordan2323 abcdefghij abcdefghijk abcdefghijkl abc123456789
abc1234567 abcd123456 abcd1234567 abcde12345 abcdef123456 a123456789 a1234567890 a1b2c3d4e5 a1s2d3f4g5 aa12345678
aa123456789 aaaaaaaaaa aaaaaaaaaaaa aaa1234567 test123456 testtest123 test1234567 testpassword secret12345 hello12345
hello123456 hellohello google12345 facebook123 facebook12 whatever123 trustno1trustno1 starwars123 pokemon123
pokemon1234 liverpool1 liverpool123 manchester manchesterunited chelsea123 barcelona1 barcelona123 realmadrid
juventus123 corvette123 mercedes123 christopher christopher1 alexander1 alexander123 jennifer123 elizabeth1
stephanie1 butterfly1 butterfly123 strawberry chocolate1 chocolate123 blink182blink182 computer123 internet123
samsung123 samsung1234 footfall123 footfall1234 analytics123 87654321234 741852963a 147258369a 789456123a 147852369a
1029384756 0192837465 3141592653 3.14159265 9638527410 correcthorsebatterystaple`
    .split(/\s+/)
    .concat("correct horse battery staple", "password password"),
);
