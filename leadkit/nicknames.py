"""Given names that one person goes by: each line holds a name in its usual spellings, and its short forms.

Only what one person may be called in one working life: John and Juan are two lines, and Andrea and Andreas are
two people. A short form may stand in several lines: Alex is both Alexander and Alexandra, who stay two.
"""

from __future__ import annotations

_LINES = """
aaron ron
abdul abdel abdoul
abigail abby gail
abraham abe
ahmed ahmad achmed
albert al bert bertie
alejandro alex ale jandro
alessandro ale sandro
alexander aleksander alexandr aleksandr oleksandr alex alec lex sascha sasha sacha xander sandy sanyi alexandros
alexandra aleksandra alex alexa sandra sasha sascha xandra xandi lexi ola
alexis alex
alfred fred alf fredi
aloysius alois loisl luis
ambrose ambros
amanda mandy
andrew andy drew
andreas andi andy
andrei andrey andrej andriy andrii
angelika geli angie
anna anni annie
anne ann annie
antonia toni tonia
anthony antony tony
anton toni tony
antonio toni tony toño
anastasia nastya nastja
anatoly tolya
archibald archie
arthur art artie artur arturo
barbara babs barb barbie bärbel babsi
bartholomew bart bartosz bartek
bartlomiej bartek
benedikt benedict ben bene
benjamin ben benny benji
bernard bernhard bernd bernie berni
birgit birgitta gitte
boris borya
bradley brad
brigitte gitti biggi
calvin cal
carolina karolina caro lina
caroline karoline carol caro line
catherine katherine kathryn kate cathy kathy katie kat kitty
katharina catharina katarina catarina katrin kathrin kathi kati käthe kate
caterina katia catia
catalina cata
charles charlie chuck chas
charlotte lotte lottie charly
chloe cloe
christian chris christiaan kristian
christina kristina chris tina stina
christine kristine chris tine
christopher christoph kristoffer christoffer kristof chris kit topher stoffel
clemens klemens
cornelia conny nele
cornelius cornelis kees cor neil
daniel dan danny dani
daniela dani ela
david dave davy
deborah debra deb debbie
dennis denis denny den
dieter didi
dimitrios dimitris dimitri dmitry dmitri dmitrij dmytro dima mitya mitsos jimmy
dominik dominic dominique nick dom
donald don donnie
dorothea dorothy dorothee dora doro thea dot dotty
douglas doug
eberhard hardy
edmund ed eddie ned ted
edward ed eddie ned ted teddy
eduard edi edu
eduardo edu lalo
eleanor elinor ellie nell nora
eleonora nora
elena lena
eleni lena elena
elisabeth elizabeth elisa eliza liz lizzie beth betty bess betsy lisa lisbeth lizbeth sissi elsa else elli libby
emmanuel emanuel manu manuel
enrique quique kike
ernest ernst ernie erni
eugene eugen gene
evangelos vangelis
evgeny evgeni yevgeny evgenij zhenya eugene
eva evi ewa
ferdinand ferdi ferdl
fernando nando
filippo pippo
florence flo flora
florian flo flori
francesco franco checco ciccio
francesca franca checca
francis frank fran
francisca paca
francisco paco pancho curro kiko fran
franklin frank
franz franzl ferenc
franziska fränzi franzi ziska
françois fanfan
frederick frederic frederik fred freddy freddie
friedrich fritz fritzi fiete fred frieder
gabriela gabi gaby
gabriele gabi gaby
gareth gary
geoffrey jeffrey geoff jeff
gennady gena
george georg schorsch
georgios giorgos yiorgos yorgos george
gerald gerry jerry
gerard gerhard gerd gert hardy
gerardus gerard gerrit ger
gertrude gertrud trude trudi gerti
giovanni gianni vanni nino
giuseppe beppe peppe pino
gottfried friedl
grigory grisha
gregory greg
gregor greg gregori
guadalupe lupe
guillermo memo guille
günter günther günni
guglielmo memmo
gustav gustaf gus gustl
hannah hanna
hannelore hanne lore hanni
harold harry hal
heinrich heiner heinz heini hinrich henry
helena helene lena leni hella nelly ellen
helen nell nelly
hendrik henk hendrikus rik
henry harry hank hal
henrik henk rik
herbert herb bert
hermann herman
hieronymus jerome
howard howie
hubert hubi hubertus bert
hussein hussain husain husein hossein
ignacio nacho
ignatius ignaz igor
ilse ilsa
ioannis yannis giannis jannis yiannis
ionut ion
irene irina ira rena
isabella bella isa
isabel isabelle izzy isa belle
ivan vanya
jacob jakob jake cob kobi
jacqueline jackie jacqui
james jim jimmy jamie jem
jennifer jen jenny jenni jenn
jeremy jem jerry
jerome jerry
jesus chus chuy
joachim achim jochen jo
joan joanie
joanna asia joasia jo
johannes johann hannes hans hansi jannes
johannes johan jan joop hans
john jack johnny jon
jonathan jon jonny jonty nathan
jose pepe josé chepe
josef joseph sepp jupp pepi jo joe
joseph joe joey jo
josephine josefine josefa jo josie finchen fini pepa
joshua josh
juan juanito
judith judy judi
julia jule julchen
juliana jule
juliane jule
julian jules
karl carl kalle karli
karlheinz kalle
katarzyna kasia kaśka
katja katya ekaterina jekaterina yekaterina katia
kenneth ken kenny
kimberly kim
klaus claus niklaus nicolaus nikolaus klaas claas
konrad conrad conny kurt
konstantin constantin kostya kosta
konstantinos kostas costas dinos
krzysztof krzysiek krzyś
larysa larisa lara
lambert bert lamberto
lawrence laurence larry laurie
laurent laurens
lorenz lorentz
leonard leonhard leo len lenny
leonardo leo
leopold leo poldi
leslie les
lewis louis lew lou louie
louise lou luise lulu
lorenzo renzo enzo
lothar lothaire
lucas lukas luke
ludwig lutz wiggerl lud
luigi gigi gino
lyudmila ludmila mila lyuda
madeleine magdalena lena leni maddy magda madlen
malgorzata gosia małgosia
manfred manni fredi
manuel manolo manu manny
manuela manu ela
marcus markus mark
marc mark
margaret maggie meg peggy madge marge margie greta rita daisy
margarete margarethe margareta grete gretl greta gretchen marga
margarita rita marga
maria marija mariya mia mitzi mizzi
marianne nanne
marina rina
martin marty tino martijn
martina tina
martha marta marthe
mathilde matilda tilda tilly till
mateusz mati
matthew matt matty
matthias mathias matthijs mattias matze hias thijs matt
maurice moritz mauritz
maximilian maximilien max maxi
melanie mel melli
michael mike mick mickey michi micha mischa michal
michaela michi micha ela
michele michi
michelle shelly
miguel migue
mikhail michail misha mykhailo mischa
mikael mikkel
mohammed mohamed muhammad mohammad muhammed mohamad md mo
mustafa mustapha
nadezhda nadya nadja nadia
natalia natalya nataliya nat talia natasha natascha
natalie nathalie nat
nathaniel nathan nat nate
nicholas nicolas nick nico nicky
nicole nicki nicky nikki nico
nikolaos nikos niko
nikolai nikolay nikolaj kolya mykola nick
nikolaus nicolaus nico klaus niki
norbert bert nobby
olga olya olha
oliver olli ollie olivier
oscar oskar
oswald ossi ozzie
otto otti
pamela pam
panagiotis panos takis
patricia pat patty trish tricia patti
patrick pat paddy padraig
paul paule pauli
pavel pasha pawel pavlo
pedro perico
peter pete petr piet pit
philip phillip philipp philippe phil pip
piotr piotrek petr
pjotr pyotr petya
rachel rae
rafael raphael rafa rafi raffael rafal
raimund mundl
rainer reiner rayner
ralph ralf
raymond ray
rebecca rebekka becky becca
regina gina
reginald reg reggie
reinhard hardy
renate nate reni
ricardo rico richi
riccardo ricky rico
richard rick dick rich richie ricky ritchie
robert bob rob bobby robbie bert robi
roberto tito beto berto
roderick rod rory
roger rodger
roland rollo roli
ronald ron ronnie
rosemarie rosemary rosi romy rose
rudolf rudolph rudi rudy rolf
samantha sam sammy
samuel sam sammy
sandra sandy
sarah sara sally
sebastian sebastiano seb basti bastian wastl sebas
sergei sergey sergej serhiy serhii serge seryozha
sidney sydney sid
siegfried sigi siggi
sigrid siri
simon simeon si
sofia sophia sophie sofie sofya zofia zosia
spyridon spyros
stanislav stanislaw stan staszek slava
stephen steven steve steph ste
stefan stephan stef steve
stephanie stefanie steffi steph stef stefania
stuart stewart stu
susan sue suzy susie
susanna susana zuzana susi
susanne suzanne susi sanne suzy
svetlana sveta
sylvester silvester sly
sylvia silvia
sylvie silvie
tatiana tatyana tatjana tanya tanja
terence terrence terry
teresa theresa therese resi terry tess tessa tere
theodore theodor theo ted teddy
theodoros thodoris theo
thomas tom tommy thom tomas tomasz tomek thomasz
timothy tim timmy
timotheus tim timo
tobias tobi toby
ulrich uli ulli utz
ulrike uli ulli rike ulla
ursula uschi ulla ursel uschy
valentin valentino vali
valerie val
vasily vasili vasiliy wassili vasya vasyl
vasilios vasilis vassilis
veronica veronika vroni vero nika ronnie
victor viktor vic
victoria viktoria vicky vicki tori vika
vincent vincenz vince vinnie vinzenz
vincenzo enzo
virginia ginny gina
vladimir wladimir volodymyr vova volodya vlad vladi
vyacheslav slava
walter walt wally
waltraud traudl traudi
wilhelm willi willy helmi wim
wilhelmina mina minna
willem wim pim
william bill will billy willie liam
winfried winni
wojciech wojtek
wolfgang wolf wolfi
xaver xaverl
yaroslav jaroslav slava
yousef youssef yusuf yousuf youssouf yosef josef
yuri yuriy juri jurij yury iurii
yvonne yvi
zachary zach zack
zsuzsanna zsuzsa
"""

#: One tuple for each name, in its own letters and lower case.
NAMES: tuple[tuple[str, ...], ...] = tuple(tuple(line.split()) for line in _LINES.strip().splitlines())
